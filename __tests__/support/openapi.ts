/** GitHub's published description of its REST API (`@octokit/openapi`): is this request one that it would understand? */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';

// biome-ignore lint/suspicious/noExplicitAny: an OpenAPI document.
type Any = any;

let loaded: Any;
/** 13 MB, read once a process; only operations that are called are compiled. */
export function description(): Any {
  const path = createRequire(import.meta.url).resolve('@octokit/openapi/generated/api.github.com.json');
  loaded ??= JSON.parse(readFileSync(path, 'utf8'));
  return loaded;
}

interface Operation {
  readonly template: string;
  readonly pattern: RegExp;
  readonly query: ReadonlyMap<string, Any>;
  readonly required: readonly string[];
  readonly body: ((value: unknown) => string | null) | null;
}

const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
const operations = new Map<string, Operation>();

/** Follows references; recursive ones stay open, which no request body has. */
function resolved(value: Any, depth = 0): Any {
  if (Array.isArray(value)) return value.map((entry) => resolved(entry, depth));
  if (value === null || typeof value !== 'object') return value;
  if (typeof value.$ref === 'string') {
    if (depth > 12) return {};
    const target = value.$ref
      .slice(2)
      .split('/')
      .reduce((node: Any, key: string) => node[key], description());
    return resolved(target, depth + 1);
  }
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, resolved(entry, depth)]));
}

/** What is wrong with the request; null where nothing is. `template` is the path as the description writes it. */
export function complaint(
  method: string,
  template: string,
  path: string,
  query: URLSearchParams,
  body: unknown,
): string | null {
  const operation = find(method, template);
  if (operation === null) return `${method} ${template} is not in GitHub's description`;
  if (!operation.pattern.test(path)) return `${path} does not fit ${template}`;
  for (const [name, value] of query) {
    const schema = operation.query.get(name);
    if (schema === undefined) return `unknown query parameter "${name}" of ${method} ${template}`;
    const typed =
      schema.type === 'integer' ? Number(value) : schema.type === 'boolean' ? value === 'true' : value;
    if (!ajv.validate(schema, typed)) return `query parameter "${name}": ${ajv.errorsText()}`;
  }
  for (const name of operation.required) if (!query.has(name)) return `query parameter "${name}" is missing`;
  if (operation.body !== null) return operation.body(body);
  return body === undefined ? null : `${method} ${template} takes no body`;
}

function find(method: string, template: string): Operation | null {
  const key = `${method} ${template}`;
  const known = operations.get(key);
  if (known !== undefined) return known;
  const item = description().paths[template];
  const raw = item?.[method.toLowerCase()];
  if (raw === undefined) return null;
  const parameters: Any[] = resolved([...(item.parameters ?? []), ...(raw.parameters ?? [])]);
  const queries = parameters.filter((parameter) => parameter.in === 'query');
  const schema =
    raw.requestBody === undefined ? null : resolved(raw.requestBody.content['application/json'].schema);
  const operation: Operation = {
    template,
    pattern: new RegExp(
      `^${template
        .replace(/[.*+?^$()|[\]\\]/g, '\\$&')
        .replace(/\{ref\}/, '.+')
        .replace(/\{\w+\}/g, '[^/]+')}$`,
    ),
    query: new Map(queries.map((parameter) => [parameter.name, parameter.schema])),
    required: queries.filter((parameter) => parameter.required).map((parameter) => parameter.name),
    body: schema === null ? null : bodyCheck(schema, raw.requestBody.required === true),
  };
  operations.set(key, operation);
  return operation;
}

function bodyCheck(schema: Any, required: boolean): (value: unknown) => string | null {
  const validate = ajv.compile(schema);
  const known = schema.properties === undefined ? null : new Set(Object.keys(schema.properties));
  return (value) => {
    if (value === undefined) return required ? 'the body is missing' : null;
    const unknown = known === null ? [] : Object.keys(value as object).filter((key) => !known.has(key));
    if (unknown.length > 0) return `unknown field "${unknown[0]}" in the body`;
    return validate(value) ? null : ajv.errorsText(validate.errors);
  };
}
