/** Who can reach which rows: first what changes, then how things stand. */
import type { Access, AccessCell, ObjectAccess, Principal, Proof } from '../../model/access.ts';
import type { ProjectReport } from '../../model/report.ts';
import { block, code, shortened, text } from '../escape.ts';
import { reachWords, wordsOf } from '../reach.ts';
import { accessChanges, conditionsChanged, current, grouped, plural } from '../report.ts';
import { type Amount, capped, folded, stacked, table } from './parts.ts';

const who: Readonly<Record<Principal, string>> = {
  anon: '`anon`',
  user: 'signed-in user',
  'user-anonymous': 'anonymously signed-in user',
  service_role: '`service_role`',
};
const accessWord = (access: Access | null): string =>
  access === 'all' ? '**all rows**' : text(reachWords(access));
const directionWord: Readonly<Record<string, string>> = {
  widened: '🔓 wider',
  narrowed: '🔒 narrower',
  shifted: 'other rows',
  unclear: 'not clear',
};

export function changesSection(project: ProjectReport, amount: Amount): string {
  const changes = accessChanges(project);
  if (changes.length === 0) return '';
  const rows = changes.map((change) => [
    code(change.object),
    who[change.principal] ?? code(change.principal),
    code(change.command),
    change.before === change.after
      ? text(conditionsChanged(change))
      : `${accessWord(change.before)} → ${accessWord(change.after)}`,
    directionWord[change.direction] ?? code(change.direction),
  ]);
  const proofs = changes
    .filter((change) => change.direction === 'widened')
    .flatMap((change) => {
      const object = project.access.objects.find((entry) => entry.object === change.object);
      const cell = object && telling(object.cells, change.principal, change.command);
      return cell ? [proofText(`${change.object}, ${change.command}`, cell.proof)] : [];
    });
  const head = ['Object', 'Who', 'Command', 'Before → after', ''];
  return stacked(
    '#### Access that changes',
    capped(rows, amount.rows, (shown) => table(head, shown)),
    amount.proofs && proofs.length > 0
      ? folded(
          'How this was seen',
          capped(proofs, 12, (shown) => shown.join('\n\n')),
        )
      : '',
  );
}

/** The cell that shows the most: somebody else's row reached, else anything allowed. */
function telling(
  cells: readonly AccessCell[],
  principal: Principal,
  command: string,
): AccessCell | undefined {
  const allowed = cells.filter(
    (cell) =>
      cell.principal === principal &&
      cell.command === command &&
      cell.outcome === 'allowed' &&
      cell.proof.length > 0,
  );
  return allowed.find((cell) => cell.subject !== 'own') ?? allowed[0];
}

function proofText(title: string, proof: readonly Proof[]): string {
  return block(
    [`-- ${title}`, ...proof.flatMap((step) => [`-- as ${step.as}`, step.sql, `-- → ${step.result}`])]
      .map((line) => shortened(line, 2000))
      .join('\n'),
    'sql',
  );
}

/**
 * How things stand now: what the change is about first, the rest folded. What is as it always should be, `service_role`
 * reaching everything, is one sentence.
 */
export function matrixSection(project: ProjectReport, amount: Amount): string {
  const { objects } = project.access;
  if (objects.length === 0) return '';
  const served = objects.every((object) => reachesAll(object, 'service_role'));
  const principals = (['anon', 'user', 'user-anonymous', 'service_role'] as const).filter(
    (principal) =>
      !(served && principal === 'service_role') &&
      objects.some((object) => object.summary.some((entry) => entry.principal === principal)),
  );
  const head = ['Object', ...principals.map((principal) => who[principal])];
  const draw = (some: readonly ObjectAccess[]) =>
    capped(
      some.map((object) => [
        `${code(object.object)}${object.rls === false && object.kind === 'table' ? ' (RLS off)' : ''}`,
        ...principals.map((principal) => matrixCell(object, principal)),
      ]),
      amount.rows,
      (shown) => table(head, shown),
    );
  const concerned = concernedObjects(project);
  const first = objects.filter(({ object }) => concerned.has(object));
  const rest = objects.filter(({ object }) => !concerned.has(object));
  return folded(
    `Who can do what: ${plural(objects.length, 'object')}`,
    stacked(
      first.length === 0 ? '' : draw(first),
      rest.length === 0
        ? ''
        : first.length === 0
          ? draw(rest)
          : folded(`${plural(rest.length, 'object')} that this change does not touch`, draw(rest)),
      served ? '`service_role` reaches all rows of each.' : '',
    ),
  );
}

/** What the change makes or alters, whose access it changes, and what its findings are about. */
function concernedObjects(project: ProjectReport): ReadonlySet<string> {
  const { added, changed, removed } = project.schemaDiff;
  const altered = [...added, ...changed, ...removed].map(({ object }) => object);
  return new Set([
    ...altered,
    ...(project.diagram?.tables ?? []).flatMap(({ table: key, change }) =>
      change === 'unchanged' ? [] : [key],
    ),
    ...accessChanges(project).map(({ object }) => object),
    ...current(project).flatMap(({ object }) => object ?? []),
    ...altered.flatMap((entry) =>
      project.access.objects.flatMap(({ object }) => (isPartOf(entry, object) ? [object] : [])),
    ),
  ]);
}

/** A column, a policy, a trigger or a publication of a table bears its key. */
const isPartOf = (entry: string, object: string) =>
  entry.startsWith(`${object}.`) || entry.startsWith(`${object} in `) || entry.endsWith(` on ${object}`);

function reachesAll(object: ObjectAccess, principal: Principal): boolean {
  const entries = object.summary.filter((entry) => entry.principal === principal);
  return entries.length > 0 && entries.every((entry) => entry.access === 'all');
}

function matrixCell(object: ObjectAccess, principal: Principal): string {
  const entries = object.summary.filter((entry) => entry.principal === principal);
  // Of a table that no row could be made for nothing was tried.
  if (entries.length === 0) return object.summary.length === 0 ? 'not known' : '';
  const groups = grouped(
    entries.filter(({ access }) => access !== 'none'),
    (entry) => wordsOf(object, entry),
  );
  if (groups.size === 0) return 'nothing';
  return [...groups]
    .map(([plain, same]) => {
      // What service_role reaches is no news.
      const words =
        same[0]!.access === 'all' && principal !== 'service_role' ? accessWord('all') : text(plain);
      return same.length === entries.length && same.length > 3
        ? words
        : `${words}: ${text(same.map((entry) => entry.command).join(', '))}`;
    })
    .join('<br>');
}
