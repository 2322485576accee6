import { type CommandWords, type OptionWords, quoted } from "./words.ts";

/** Generates a completion function that can be in `fpath` or sourced. */
export function zshScript(program: string, commands: readonly CommandWords[]): string {
  const paths = commands.map(({ path }) => path).filter((path) => path !== "");
  return `#compdef ${program}
_${program}_values() {
  compadd -- \${(f)"$(${program} __complete $1 -- "\${(@)words[2,CURRENT]}" 2> /dev/null)"}
}
_${program}() {
  local command="" next i
  local -a entries
  for ((i = 2; i < CURRENT; i++)); do
    next="\${command:+$command }\${words[i]}"
    case "$next" in
      ${paths.map((path) => `(${quoted(path)})`).join(" | ")}) command="$next" ;;
    esac
  done
  case "$command:\${words[CURRENT-1]}" in
${commands.flatMap((each) => valueCases(program, each)).join("\n")}
  esac
  case "$command:\${words[CURRENT]}" in
${commands.flatMap((each) => assignedCases(program, each)).join("\n")}
  esac
  case "$command:\${words[CURRENT]}" in
${commands.flatMap((each) => wordCases(program, each)).join("\n")}
  esac
  if ((\${#entries})); then
    _describe ${quoted(program)} entries
  fi
}
if [[ "\${funcstack[1]}" = "_${program}" ]]; then
  _${program} "$@"
else
  compdef _${program} ${program}
fi
`;
}

function valueCases(program: string, { path, options }: CommandWords): string[] {
  return options.filter(({ value }) => value !== "none" && value !== "optional").map((option) => {
    const places = option.flags.map((flag) => quoted(`${path}:${flag}`)).join(" | ");
    return `    ${places}) ${completion(program, option)}; return ;;`;
  });
}

/** `--option=value` is one word. */
function assignedCases(program: string, { path, options }: CommandWords): string[] {
  return options.filter(({ value }) => value !== "none").flatMap((option) =>
    option.flags.filter((flag) => flag.startsWith("--")).map((flag) =>
      `    ${quoted(`${path}:${flag}=`)}*) compset -P '*='; ${
        completion(program, option)
      }; return ;;`
    )
  );
}

function completion(program: string, { value, choices, values }: OptionWords): string {
  if (values !== undefined) return `_${program}_values ${values}`;
  if (choices.length > 0) return `compadd -- ${choices.map(quoted).join(" ")}`;
  return value === "file" ? "_files" : "_message value";
}

function wordCases(
  program: string,
  { path, subcommands, options, choices, values, files }: CommandWords,
): string[] {
  const flags = options.flatMap(({ flags, description }) =>
    flags.map((flag) => entry(flag, description))
  );
  const others = [
    ...subcommands.map(({ name, description }) => entry(name, description)),
    ...choices.map(quoted),
  ];
  const argument = files
    ? "_files"
    : values === undefined
    ? `entries=(${others.join(" ")})`
    : `_${program}_values ${values}`;
  return [
    `    ${quoted(`${path}:`)}-*) entries=(${flags.join(" ")}) ;;`,
    `    ${quoted(`${path}:`)}*) ${argument} ;;`,
  ];
}

/** `_describe` splits word and description at the first colon. */
function entry(word: string, description: string): string {
  return quoted(`${word.replaceAll(":", "\\:")}:${description}`);
}
