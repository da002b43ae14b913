/** What a command gets and gives, and the options that several share. */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { Selection } from '../changes/discover.ts';
import { nearest, type Overrides } from '../config/load.ts';
import type { FailOn } from '../model/report.ts';
import type { CheckSettings } from '../pipeline/settings.ts';
import { UsageError } from '../project/project.ts';

export interface Terminal {
  readonly cwd: string;
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type Command = (argv: readonly string[], terminal: Terminal) => Promise<number>;

export const sharedOptions = {
  project: { type: 'string' },
  base: { type: 'string' },
  changed: { type: 'string', multiple: true },
  all: { type: 'boolean' },
  'database-url': { type: 'string' },
  'remote-url': { type: 'string' },
  baseline: { type: 'string' },
  format: { type: 'string' },
  output: { type: 'string' },
  'fail-on': { type: 'string' },
  require: { type: 'string' },
  preset: { type: 'string' },
  'grants-era': { type: 'string' },
  config: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies ParseArgsConfig['options'];

export const formats = ['pretty', 'json', 'sarif', 'markdown', 'github'] as const;
export type Format = (typeof formats)[number];

export interface SharedValues {
  readonly project: string | null;
  readonly selection: Selection;
  readonly format: Format;
  readonly output: string | null;
  readonly config: string | null;
  readonly overrides: Overrides;
}

type Options = NonNullable<ParseArgsConfig['options']>;

/** Like `parseArgs`, but with a sentence for a person. Everything behind `--changed` up to the next option is a file. */
export function readArguments<const T extends Options>(argv: readonly string[], options: T) {
  const spread: string[] = [];
  let listing = false;
  for (const word of argv) {
    if (word.startsWith('-') && word !== '-') listing = word === '--changed';
    else if (listing && spread.at(-1) !== '--changed') spread.push('--changed');
    spread.push(word);
  }
  try {
    return parseArgs({ args: spread, options, allowPositionals: true, strict: true });
  } catch (error) {
    const { message } = error as Error;
    const unknown = /^Unknown option '(-{1,2}[^']*)'/.exec(message)?.[1];
    if (unknown === undefined)
      throw new UsageError(`${message.split('. ')[0]}. See "migration-guard --help".`);
    const near = nearest(unknown.replace(/^-+/, ''), Object.keys(options));
    throw new UsageError(
      `There is no option "${unknown}".${near === null ? '' : ` Did you mean "--${near}"?`} See "migration-guard --help".`,
    );
  }
}

/** For commands that take options only: a word would be passed over in silence. */
export function noWords(command: string, words: readonly string[]): void {
  if (words.length === 0) return;
  throw new UsageError(
    `"${command}" takes no argument, and "${words[0]}" is one. See "migration-guard ${command} --help".`,
  );
}

type Values = { [Name in keyof typeof sharedOptions]?: string | boolean | string[] };

/** `files`: named without an option; they are the change. */
export function readShared(values: Values, files: readonly string[] = []): SharedValues {
  const text = (name: keyof Values) =>
    typeof values[name] === 'string' ? (values[name] as string) : undefined;
  const changed = [...((values.changed as string[] | undefined) ?? []), ...files];
  const ways = [
    values.base !== undefined && '--base',
    changed.length > 0 && '--changed',
    values.all && '--all',
  ].filter(Boolean);
  if (ways.length > 1) throw new UsageError(`${ways.join(' and ')} can't go together. Choose one.`);
  const one = <T extends string>(name: keyof Values, known: readonly T[]): T | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    if ((known as readonly string[]).includes(value)) return value as T;
    throw new UsageError(`--${name} is one of ${known.join(', ')}, not "${value}".`);
  };
  const defined = <T extends object>(overrides: T) =>
    Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined)) as T;
  return {
    project: text('project') ?? null,
    selection: values.all
      ? { kind: 'all' }
      : changed.length > 0
        ? { kind: 'changed', files: changed }
        : { kind: 'base', ref: text('base') ?? null },
    format: one('format', formats) ?? 'pretty',
    output: text('output') ?? null,
    config: text('config') ?? null,
    overrides: defined({
      failOn: one<FailOn>('fail-on', ['error', 'warning', 'never']),
      require: one('require', ['checked']) === undefined ? undefined : (['checked'] as const),
      preset: one('preset', ['recommended', 'strict']),
      grantsEra: one('grants-era', ['automatic', 'explicit', 'auto']),
      baseline: text('baseline'),
      databaseUrl: text('database-url'),
      remoteUrl: text('remote-url'),
    }),
  };
}

export function toCheckSettings(
  shared: SharedValues,
  terminal: Terminal,
  stages: CheckSettings['stages'],
): CheckSettings {
  return {
    cwd: terminal.cwd,
    project: shared.project,
    everyProject: false,
    selection: shared.selection,
    remote: null,
    openPullRequests: [],
    baseTip: [],
    configFile: shared.config,
    configFromBase: false,
    overrides: shared.overrides,
    stages,
    now: Date.now(),
  };
}

/** To standard output, or to the file named by --output. */
export async function print(terminal: Terminal, output: string | null, text: string): Promise<void> {
  const ended = text.endsWith('\n') ? text : `${text}\n`;
  if (output === null) {
    terminal.stdout.write(ended);
    return;
  }
  try {
    await writeFile(resolve(terminal.cwd, output), ended);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new UsageError(`"${output}" can't be written (${code}). Name another file with --output.`);
  }
}

/** Colours where a person looks: a terminal, unless NO_COLOR says otherwise (no-color.org). */
export const wantsColour = ({ stdout, env }: Terminal): boolean =>
  stdout.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
