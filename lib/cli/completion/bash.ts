import { type CommandWords, type OptionWords, quoted } from "./words.ts";

/**
 * Generates a script for bash 3.2 (macOS) and later that does not need the bash-completion package.
 *
 * @param executable Called for values that only the kubeconfig or the cluster knows
 */
export function bashScript(
  program: string,
  commands: readonly CommandWords[],
  executable = program,
): string {
  const paths = commands.map(({ path }) => path).filter((path) => path !== "");
  return `# bash completion for ${program}
_${program}_values() {
  ${executable} __complete "$1" -- "\${line[@]:1}" 2> /dev/null
}
_${program}() {
  local -a line=()
  local command="" next words="" i
  # Bash splits at colons, which names of contexts have.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    next="\${COMP_WORDS[i]}"
    if ((i > 1)) && [[ "$next" == :* || "\${line[\${#line[@]}-1]}" == *: ]]; then
      line[\${#line[@]}-1]+="$next"
    else
      line+=("$next")
    fi
  done
  local cword=$((\${#line[@]} - 1))
  local cur="\${line[cword]}" prev="\${line[cword > 0 ? cword-1 : 0]}"
  for ((i = 1; i < cword; i++)); do
    next="\${command:+$command }\${line[i]}"
    case "$next" in
      ${paths.map(quoted).join(" | ")}) command="$next" ;;
    esac
  done
  COMPREPLY=()
  # Bash splits --option=value at the =.
  if [[ "$cur" == "=" ]]; then
    prev+="=" cur=""
  elif [[ "$prev" == "=" ]]; then
    prev="\${line[cword-2]}="
  fi
  case "$command:$prev" in
${commands.flatMap((each) => valueCases(program, each)).join("\n")}
  esac
  if [[ -z "$words" ]]; then
    case "$command:$cur" in
${commands.flatMap((each) => wordCases(program, each)).join("\n")}
    esac
  fi
  while IFS= read -r next; do
    [[ "$cur" == *:* && "$COMP_WORDBREAKS" == *:* ]] && next="\${next#"\${cur%"\${cur##*:}"}"}"
    COMPREPLY+=("$next")
  done < <(compgen -W "$words" -- "$cur")
}
complete -o default -F _${program} ${program}
`;
}

/** Completes the value of an option, or leaves it to the shell's default. */
function valueCases(program: string, { path, options }: CommandWords): string[] {
  return options.filter(({ value }) => value !== "none").map((option) => {
    const places = placesOf(option).map((place) => quoted(`${path}:${place}`)).join(" | ");
    return `    ${places}) ${completion(program, option)} ;;`;
  });
}

function placesOf({ flags, value }: OptionWords): string[] {
  const assigned = flags.filter((flag) => flag.startsWith("--")).map((flag) => `${flag}=`);
  return value === "optional" ? assigned : [...flags, ...assigned];
}

function completion(program: string, { choices, values }: OptionWords): string {
  if (values !== undefined) return `words="$(_${program}_values ${values})"`;
  return choices.length > 0 ? `words=${quoted(choices.join(" "))}` : "return";
}

function wordCases(
  program: string,
  { path, subcommands, options, choices, values }: CommandWords,
): string[] {
  const flags = options.flatMap((option) => option.flags);
  const others = [...subcommands.map(({ name }) => name), ...choices];
  const argument = values === undefined
    ? quoted(others.join(" "))
    : `"$(_${program}_values ${values})"`;
  return [
    `      ${quoted(`${path}:`)}-*) words=${quoted(flags.join(" "))} ;;`,
    `      ${quoted(`${path}:`)}*) words=${argument} ;;`,
  ];
}
