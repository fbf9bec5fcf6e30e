/**
 * `foretick completion bash|zsh`: text for the shell's own start file. It makes `foretick` a command there, wherever the
 * shell is, and completes verbs from the table and flags from the verb's own help.
 */

import { OWN_VERBS, VERBS } from "./table.ts";

const SHELLS = ["bash", "zsh"] as const;
export type Shell = (typeof SHELLS)[number];

export const isShell = (text: unknown): text is Shell => SHELLS.some((shell) => shell === text);

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
const VERB_NAMES = [...VERBS, ...OWN_VERBS];

/** @param script path of scripts/foretick.ts. @param bun path of the runtime. */
export function completionText(shell: Shell, bun: string, script: string): string {
  const command = `foretick() { ${quoted(bun)} ${quoted(script)} "$@"; }`;
  const flags = `foretick "$verb" --help 2>/dev/null | grep -o -e '--[a-z][a-z0-9-]*' | sort -u`;
  return (shell === "bash" ? bash : zsh)(command, flags);
}

const bash = (command: string, flags: string): string => `${command}
_foretick() {
  local word="\${COMP_WORDS[COMP_CWORD]}" verb="\${COMP_WORDS[1]}"
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ${quoted(VERB_NAMES.map(({ verb }) => verb).join(" "))} -- "$word"))
  elif [[ "$word" == -* ]]; then
    COMPREPLY=($(compgen -W "$(${flags})" -- "$word"))
  fi
}
complete -o default -F _foretick foretick
`;

const zsh = (command: string, flags: string): string => `${command}
_foretick() {
  local verb="\${words[2]}"
  if (( CURRENT == 2 )); then
    local -a verbs=(${VERB_NAMES.map(({ verb, what }) => quoted(`${verb}:${what.replaceAll(":", "\\:")}`)).join(" ")})
    _describe verb verbs
  elif [[ "\${words[CURRENT]}" == -* ]]; then
    compadd -- \${(f)"$(${flags})"}
  else
    _files
  fi
}
compdef _foretick foretick
`;
