// For zsh: either a file of `$fpath` named `_shoal`, or sourced after `compinit`.
import type { CommandGrammar, Grammar, OptionGrammar, Values } from './grammar.ts';

export function zshScript({ commands, nested, options }: Grammar): string {
  const global = options.flatMap(specsOf);
  const own = new Set(options.flatMap(({ names }) => names));
  const cases = commands.map((command) => {
    const within = nested.filter(({ name }) => name.startsWith(`${command.name} `));
    return within.length > 0 ? caseOfGroup(command.name, within, own) : caseOf(command, own);
  });
  return `#compdef shoal
# Completion of shoal for zsh. Made by "shoal completions zsh".
_shoal() {
  local context state state_descr line
  typeset -A opt_args
  local -a global commands
  global=(
${indented(global)}
  )
  _arguments -C -s $global '1:command:->command' '*::argument:->argument'
  case $state in
    command)
${indented(listOf(commands), 6)}
      ;;
    argument)
      case $words[1] in
${cases.join('\n')}
      esac
      ;;
  esac
}

if [ "$funcstack[1]" = _shoal ]; then _shoal "$@"; else compdef _shoal shoal; fi
`;
}

/** The lines that offer commands. */
function listOf(commands: readonly CommandGrammar[]): string[] {
  const list = commands.map(({ name, description }) => {
    const called = name.slice(name.indexOf(' ') + 1);
    return `  ${quoted(`${called}:${description.replaceAll(':', '\\:')}`)}`;
  });
  return ['commands=(', ...list, ')', '_describe -t commands command commands'];
}

/** A command with others within: `*::` makes of these the first word again. */
function caseOfGroup(name: string, within: readonly CommandGrammar[], global: ReadonlySet<string>): string {
  const cases = within.map((command) => caseOf(command, global).replaceAll(/^/gm, '        '));
  return `        ${name})
          _arguments -C -s $global '1:command:->command' '*::argument:->argument'
          case $state in
            command)
${indented(listOf(within), 14)}
              ;;
            argument)
              case $words[1] in
${cases.join('\n')}
              esac
              ;;
          esac
          ;;`;
}

function caseOf({ name, options, arguments: all }: CommandGrammar, global: ReadonlySet<string>): string {
  // The program's own come with $global: an option that stands twice is an error.
  const own = options.filter(({ names }) => !names.some((option) => global.has(option)));
  const places = all.map(({ name: what, values, variadic }, index) =>
    quoted(`${variadic ? '*' : index + 1}:${escaped(what.toLowerCase())}:${actionOf(values)}`),
  );
  return `        ${name.slice(name.indexOf(' ') + 1)})
          _arguments -s $global \\
${indented([...own.flatMap(specsOf), ...places], 12, ' \\')}
          ;;`;
}

function specsOf({ names, description, value, repeatable }: OptionGrammar): string[] {
  return names.map((name) => {
    const others = repeatable ? '*' : names.length > 1 ? `(${names.join(' ')})` : '';
    const takes = value === null ? '' : `:${escaped(value.name.toLowerCase())}:${actionOf(value.values)}`;
    // `--name=` takes its value behind the sign or as the next word; a short option only so.
    const joint = value === null ? '' : name.startsWith('--') ? '=' : '';
    return quoted(`${others}${name}${joint}[${description.replace(/[[\]\\]/g, '\\$&')}]${takes}`);
  });
}

function actionOf(values: Values): string {
  if (values === 'anything') return '';
  if (values === 'folders') return '_files -/';
  if (values === 'files') return '_files';
  if (values === 'torrents') return '_files -g "*.torrent"';
  return `(${values.join(' ')})`;
}

function escaped(text: string): string {
  return text.replace(/[:\\]/g, '\\$&');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function indented(lines: readonly string[], columns = 4, joint = ''): string {
  return lines.map((line) => ' '.repeat(columns) + line).join(`${joint}\n`);
}
