import { type CommandWords, type OptionWords, quoted } from "./words.ts";

/** Generates a script for bash 3.2 (macOS) and later that does not need the bash-completion package. */
export function bashScript(program: string, commands: readonly CommandWords[]): string {
  const paths = commands.map(({ path }) => path).filter((path) => path !== "");
  return `# bash completion for ${program}
_${program}() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}"
  local command="" next words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    next="\${command:+$command }\${COMP_WORDS[i]}"
    case "$next" in
      ${paths.map(quoted).join(" | ")}) command="$next" ;;
    esac
  done
  COMPREPLY=()
  # Bash splits --option=value at the =.
  if [[ "$cur" == "=" ]]; then
    prev+="=" cur=""
  elif [[ "$prev" == "=" ]]; then
    prev="\${COMP_WORDS[COMP_CWORD-2]}="
  fi
  case "$command:$prev" in
${commands.flatMap(valueCases).join("\n")}
  esac
  if [[ -z "$words" ]]; then
    case "$command:$cur" in
${commands.flatMap(wordCases).join("\n")}
    esac
  fi
  while IFS= read -r next; do
    COMPREPLY+=("$next")
  done < <(compgen -W "$words" -- "$cur")
}
complete -o default -F _${program} ${program}
`;
}

/** Completes the value of an option, or leaves it to the shell's default. */
function valueCases({ path, options }: CommandWords): string[] {
  return options.filter(({ value }) => value !== "none").map((option) => {
    const places = placesOf(option).map((place) => quoted(`${path}:${place}`)).join(" | ");
    return `    ${places}) ${completion(option)} ;;`;
  });
}

function placesOf({ flags, value }: OptionWords): string[] {
  const assigned = flags.filter((flag) => flag.startsWith("--")).map((flag) => `${flag}=`);
  return value === "optional" ? assigned : [...flags, ...assigned];
}

function completion({ choices }: OptionWords): string {
  return choices.length > 0 ? `words=${quoted(choices.join(" "))}` : "return";
}

function wordCases({ path, subcommands, options, choices }: CommandWords): string[] {
  const flags = options.flatMap((option) => option.flags);
  const others = [...subcommands.map(({ name }) => name), ...choices];
  return [
    `      ${quoted(`${path}:`)}-*) words=${quoted(flags.join(" "))} ;;`,
    `      ${quoted(`${path}:`)}*) words=${quoted(others.join(" "))} ;;`,
  ];
}
