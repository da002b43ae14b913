/** Inputs of the action: untrusted strings in, trusted values with their defaults out. */
import { z } from 'zod';
import { UsageError } from '../project/project.ts';
import { nearest } from './load.ts';

/** An input that is not given arrives as an empty string. */
const given = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema);
const text = given(z.string().trim().optional());
/** As YAML 1.2 spells them, which is what `core.getBooleanInput` takes. */
const flag = (standard: boolean) =>
  given(
    z
      .string()
      .regex(/^(true|false)$/i, '"true" or "false"')
      .transform((value) => value.toLowerCase() === 'true')
      .default(standard),
  );

export const inputSchema = z.strictObject({
  token: text,
  project: text,
  base: text,
  'database-url': text,
  baseline: text,
  'remote-url': text,
  config: text,
  'fail-on': given(z.enum(['error', 'warning', 'never']).optional()),
  require: given(z.enum(['checked']).optional()),
  comment: flag(true),
  annotations: flag(true),
  review: flag(false),
  'check-name': text,
  'report-path': text,
  'sarif-path': text,
});

export type Inputs = z.output<typeof inputSchema>;
export const inputNames = Object.keys(inputSchema.shape) as (keyof Inputs)[];

/** Throws UsageError, naming the input. */
export function parseInputs(read: (name: string) => string): Inputs {
  const result = inputSchema.safeParse(
    Object.fromEntries(inputNames.map((name) => [name, read(name).trim()])),
  );
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const name = String(issue!.path[0]);
  const value = read(name);
  if (issue!.code === 'invalid_value') {
    const allowed = issue!.values.map(String);
    const near = nearest(value, allowed);
    throw new UsageError(
      `Input "${name}" is "${value}", but must be one of ${allowed.map((word) => `"${word}"`).join(', ')}.${near === null ? '' : ` Did you mean "${near}"?`}`,
    );
  }
  throw new UsageError(`Input "${name}" is "${value}", but must be ${issue!.message}.`);
}
