import type { Command } from 'commander';
import { EXIT, type ExitStatus } from '../exit.ts';
import type { Io } from '../io.ts';
import { bashScript } from './bash-script.ts';
import { fishScript } from './fish-script.ts';
import { grammarOf } from './grammar.ts';
import type { Shell } from './shells.ts';
import { zshScript } from './zsh-script.ts';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** Prints the script that makes a shell complete this program, made from the program's own definition. */
export function completions(program: Command, shell: Shell, { stdout }: Io): ExitStatus {
  stdout.write(SCRIPTS[shell](grammarOf(program)));
  return EXIT.done;
}
