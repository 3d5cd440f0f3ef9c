// For bash from 3.2 on (macOS), without the package bash-completion.
import { type CommandGrammar, type Grammar, optionsWithValue, type Values } from './grammar.ts';

export function bashScript(grammar: Grammar): string {
  const { commands, nested, options } = grammar;
  const all = [...commands, ...nested];
  const global = options.flatMap(({ names }) => names);
  const cases = all.map((command) => {
    const own = command.options.flatMap(({ names }) => names);
    return `    ${quoted(command.name)}) options=${quoted([...new Set([...own, ...global])].join(' '))} ;;`;
  });
  return `# Completion of shoal for bash. Made by "shoal completions bash".
_shoal_lines() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do COMPREPLY+=("$line"); done
}

_shoal_paths() {
  compopt -o filenames 2>/dev/null
  case $1 in
    folders) _shoal_lines < <(compgen -d -- "$cur") ;;
    torrents) _shoal_lines < <({ compgen -d -- "$cur"; compgen -f -X '!*.torrent' -- "$cur"; } | sort -u) ;;
    *) _shoal_lines < <(compgen -f -- "$cur") ;;
  esac
}

_shoal() {
  local cur=\${COMP_WORDS[COMP_CWORD]} word previous='' command='' options='' position=0 at
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    # Bash makes three words of --dir=DIR.
    if [[ $word == = ]]; then continue; fi
    case " ${valueOptions(grammar)} " in
      *" $previous "*) previous=''; continue ;;
    esac
    previous=$word
    if [[ $word == -* ]]; then continue; fi
    if [[ -z $command ]]; then
      command=$word
      continue
    fi
    case "$command $word" in
      ${nested.map(({ name }) => `"${name}"`).join('|')}) command="$command $word" ;;
      *) position=$((position + 1)) ;;
    esac
  done
  if [[ $cur == = ]]; then cur=''; fi
  case "$command $previous" in
${valueCases(grammar)}
  esac
  if [[ -z $command && $cur != -* ]]; then
    _shoal_lines < <(compgen -W ${quoted(commands.map(({ name }) => name).join(' '))} -- "$cur")
    return
  fi
  if [[ $cur == -* ]]; then
    case $command in
${cases.join('\n')}
    *) options=${quoted(global.join(' '))} ;;
    esac
    _shoal_lines < <(compgen -W "$options" -- "$cur")
    return
  fi
  case "$command $position" in
${all.flatMap(argumentCases).join('\n')}
  esac
}

complete -F _shoal shoal
`;
}

/** All of them: which take a value is the same everywhere, whatever the command. */
function valueOptions({ commands, nested, options }: Grammar): string {
  return [...new Set([{ options }, ...commands, ...nested].flatMap(optionsWithValue))].join(' ');
}

function valueCases({ commands, nested, options }: Grammar): string {
  const lines: string[] = [];
  const own = [...commands, ...nested].map((command) => [command.name, command.options] as const);
  for (const [pattern, list] of [['*', options] as const, ...own]) {
    for (const { names, value } of list) {
      if (value === null) continue;
      const patterns = names.map((name) => `"${pattern === '*' ? '' : pattern} ${name}"`);
      const anywhere = names.map((name) => `*" ${name}"`);
      lines.push(`    ${(pattern === '*' ? anywhere : patterns).join('|')}) ${offer(value.values)}; return ;;`);
    }
  }
  return lines.join('\n');
}

function argumentCases({ name, arguments: all }: CommandGrammar): string[] {
  return all.map(({ values, variadic }, index) => {
    const place = variadic ? `"${name} "*` : `"${name} ${index}"`;
    return `    ${place}) ${offer(values)} ;;`;
  });
}

function offer(values: Values): string {
  if (values === 'anything') return ':';
  if (typeof values === 'string') return `_shoal_paths ${values}`;
  return `_shoal_lines < <(compgen -W ${quoted(values.join(' '))} -- "$cur")`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
