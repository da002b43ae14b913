/** Facts in, findings out: runs every rule, tells new from old, applies levels and suppressions. */
import { createHash } from 'node:crypto';
import type { ChangeSet, Facts } from '../model/facts.ts';
import type { Finding, Place, Severity, SuppressedFinding } from '../model/finding.ts';
import type { SchemaState } from '../model/schema.ts';
import { causeIn } from './cause.ts';
import { fileContext, type Speaker, stateContext } from './context.ts';
import {
  type HookedKind,
  identityOf,
  isHooked,
  type Noted,
  objectKinds,
  objectOf,
  sourcesOf,
  underFormerName,
  wholeSchema,
} from './identity.ts';
import { rules as registered } from './index.ts';
import { isMoot, isNeverReached } from './moot.ts';
import type { Problem, Rule, StateContext, StatementVisitor } from './rule.ts';
import { levelOf, names, optionsOf, type RuleSettings, ruling } from './settings.ts';
import { isPlatform } from './support/callers/roles.ts';
import { hasOtherIds, withTokenId } from './support/callers/third-party.ts';
import { withoutExample } from './support/words/words.ts';
import { Suppressions } from './suppress.ts';
import { walk } from './walk.ts';

export interface Judgement {
  /** New ones (with `--all`, those mended later too), in the order of files and lines. Not merged yet. */
  readonly findings: readonly Finding[];
  /** What stood before and still stands. Not merged yet. */
  readonly stood: readonly Finding[];
  readonly suppressed: readonly SuppressedFinding[];
  /** Rules that threw: what they would have found is not known. */
  readonly failed: readonly { readonly rule: string; readonly message: string }[];
}

export function judge(facts: Facts, settings: RuleSettings, rules: readonly Rule[] = registered): Judgement {
  return new Run(facts, settings, rules).judge();
}

/** Made by no file, and in a schema of Supabase: nobody here can mend it. */
const isSupabases = (object: string | null, file: string | null): boolean =>
  file === null && object !== null && isPlatform(object.split('.')[0]!);

class Run {
  private readonly facts: Facts;
  private readonly settings: RuleSettings;
  private readonly rules: readonly Rule[];
  private readonly noted: Noted[] = [];
  private readonly failed = new Map<string, string>();
  private readonly options: ReadonlyMap<Rule, Readonly<Record<string, unknown>>>;
  private readonly hooked: Readonly<Record<HookedKind | 'state', readonly Rule[]>>;
  private readonly visitors: ReadonlyMap<string, readonly [Rule, StatementVisitor][]>;
  private readonly stateContexts = new WeakMap<SchemaState, StateContext>();
  /** Rules with a hook on changed migrations. */
  private readonly fileRules: readonly Rule[];
  /** Rules with a hook on whole change sets. */
  private readonly setRules: readonly Rule[];
  /** The rule that runs, and where what it reports goes. */
  private current: Rule | null = null;
  private sink: Noted[] = this.noted;
  private judged: ChangeSet | null = null;
  private readonly speaker: Speaker;

  constructor(facts: Facts, settings: RuleSettings, rules: readonly Rule[]) {
    this.facts = facts;
    this.settings = settings;
    this.rules = rules.filter((rule) => this.wanted(rule));
    this.options = new Map(this.rules.map((rule) => [rule, optionsOf(rule, settings)]));
    this.visitors = visitorsByKind(this.rules);
    this.fileRules = this.rules.filter((rule) => rule.file !== undefined);
    this.setRules = this.rules.filter((rule) => rule.set !== undefined);
    const optionsOfCurrent = () => this.options.get(this.current!)!;
    this.speaker = {
      get options() {
        return optionsOfCurrent();
      },
      report: (problem) => {
        this.sink.push({ rule: this.current!, problem, isNew: true, set: this.judged, mendedBy: null });
      },
    };
    const hooks = [...objectKinds, 'state'] as const;
    this.hooked = Object.fromEntries(
      hooks.map((hook) => [hook, this.rules.filter((rule) => rule[hook] !== undefined)]),
    ) as Record<HookedKind | 'state', Rule[]>;
  }

  judge(): Judgement {
    for (const set of this.facts.changeSets) {
      this.judgeFiles(set);
      this.judgeSet(set);
    }
    if (this.facts.history.all) this.judgeStatesOneByOne();
    else this.judgeStates();
    this.judgeFacts();
    return this.conclude();
  }

  /** A rule that is off everywhere need not run. */
  private wanted(rule: Rule): boolean {
    if (levelOf(rule, this.settings) !== 'off') return true;
    return [...this.settings.paths, ...this.settings.objects].some((scope) =>
      Object.entries(scope.rules).some(([id, level]) => level !== 'off' && names(id, rule)),
    );
  }

  /** Runs one hook. */
  private run(rule: Rule, where: string, hook: () => void) {
    this.current = rule;
    try {
      hook();
    } catch (error) {
      this.fail(rule, error, where);
    }
  }

  /** A rule that throws is remembered by name and the others go on. */
  private fail(rule: Rule, error: unknown, where: string) {
    if (this.failed.has(rule.id)) return;
    this.failed.set(rule.id, `${error instanceof Error ? error.message : String(error)} (on ${where})`);
  }

  private judgeFiles(set: ChangeSet) {
    const { visitors } = this;
    for (const changed of set.migrations) {
      const { path } = changed.source;
      const context = fileContext(this.facts, set, changed, this.speaker);
      for (const rule of this.fileRules) this.run(rule, path, () => rule.file!(context));
      for (const statement of context.statements) {
        walk(statement.kind, statement.node, visitors, (kind, node, ancestors) => {
          for (const [rule, visitor] of visitors.get(kind)!) {
            this.current = rule;
            try {
              visitor(node, statement, context, ancestors);
            } catch (error) {
              this.fail(rule, error, `${path}:${statement.span.line}`);
            }
          }
        });
      }
    }
  }

  private judgeSet(set: ChangeSet) {
    const where = set.migrations[0]?.source.path ?? 'the change';
    for (const rule of this.setRules) {
      this.run(rule, where, () => rule.set!({ ...this.ruleContext(rule), set }));
    }
  }

  /** A pull request: everything on the state before and the state after; what only the latter shows is new. */
  private judgeStates() {
    const set = this.facts.changeSets[0] ?? this.emptySet();
    const known = new Set<string>();
    for (const source of sourcesOf(set.before)) {
      for (const identity of this.findIn(set, set.before, source).keys()) known.add(identity);
    }
    for (const source of sourcesOf(set.after)) {
      const before = underFormerName(set, source, (old) => this.findIn(set, set.before, old));
      for (const [identity, noted] of this.findIn(set, set.after, source)) {
        const old = known.has(identity) || before(noted) !== undefined;
        this.noted.push(old ? { ...noted, isNew: false } : noted);
      }
    }
  }

  /** `--all`: each migration as its own pull request, on the objects it touched; a later one may mend what it brought. */
  private judgeStatesOneByOne() {
    const known = new Map<string, { found: Map<string, Noted>; since: number }>();
    const sets = this.facts.changeSets;
    sets.forEach((set, index) => {
      const sources = [...set.touched, wholeSchema];
      const foundBefore = (source: string) =>
        known.get(source)?.found ?? this.findIn(set, set.before, source);
      const formers = new Map(sources.map((source) => [source, underFormerName(set, source, foundBefore)]));
      const moved = new Set<Noted>();
      for (const source of sources) {
        const before = foundBefore(source);
        const found = new Map<string, Noted>();
        for (const [identity, noted] of this.findIn(set, set.after, source)) {
          const elsewhere = before.has(identity) ? undefined : formers.get(source)?.(noted);
          if (elsewhere !== undefined) moved.add(elsewhere);
          const older = before.get(identity) ?? elsewhere;
          if (older !== undefined) found.set(identity, older);
          // The migration that brought it may have said it in other words than this one would.
          else if (!known.has(source) || !this.findIn(set, set.before, source).has(identity)) {
            this.noted.push(noted);
            found.set(identity, noted);
          }
        }
        const standing = new Set(found.values());
        for (const [identity, noted] of before) {
          if (standing.has(noted)) continue;
          if (this.stands(noted, identity, source, set)) found.set(identity, noted);
          else noted.mendedBy = pathOf(set);
        }
        known.set(source, { found, since: index });
      }
      for (const noted of moved) noted.mendedBy = null;
    });
    // A change elsewhere (a grant on the schema, a function) can mend an object that nobody touched again.
    const last = sets.at(-1);
    for (const [source, { found, since }] of last === undefined ? [] : known) {
      if (found.size === 0) continue;
      const atEnd = this.findIn(last!, last!.after, source);
      for (const [identity, noted] of found) {
        if (atEnd.has(identity) || this.stands(noted, identity, source, last!)) continue;
        const later = sets.slice(since + 1);
        noted.mendedBy = pathOf(later.find((set) => !this.stands(noted, identity, source, set)) ?? last!);
      }
    }
  }

  /** Whether the migration that brought a problem would still be told of it after a later one. */
  private stands(noted: Noted, identity: string, source: string, later: ChangeSet): boolean {
    const { after } = later;
    return this.findIn({ ...noted.set!, after }, after, source).has(identity);
  }

  /** What the hooks say about one object of a state (`kind key`), or about the schema as a whole. */
  private findIn(set: ChangeSet, state: SchemaState, source: string): Map<string, Noted> {
    const noted: Noted[] = [];
    const context = this.stateContextFor(set, state);
    this.sink = noted;
    this.judged = set;
    if (source === wholeSchema) {
      for (const rule of this.hooked.state) this.run(rule, source, () => rule.state!(context));
    } else {
      const kind = source.slice(0, source.indexOf(' '));
      const rules = isHooked(kind) ? this.hooked[kind] : [];
      const object = rules.length === 0 ? undefined : objectOf(state, source);
      for (const rule of object === undefined ? [] : rules) {
        const hook = rule[kind as HookedKind] as (object: unknown, context: StateContext) => void;
        this.run(rule, source, () => hook(object, context));
      }
    }
    this.sink = this.noted;
    this.judged = null;
    const found = new Map<string, Noted>();
    for (const each of noted) {
      const identity = identityOf(each);
      if (!found.has(identity)) found.set(identity, each);
    }
    return found;
  }

  private stateContextFor(set: ChangeSet, state: SchemaState): StateContext {
    let context = this.stateContexts.get(state);
    if (context?.set !== set) {
      context = stateContext(this.facts, set, state, this.speaker);
      this.stateContexts.set(state, context);
    }
    return context;
  }

  private judgeFacts() {
    for (const rule of this.rules) {
      if (rule.facts === undefined) continue;
      const preexisting = (problem: Problem) => {
        this.noted.push({ rule, problem, isNew: false, set: null, mendedBy: null });
      };
      this.run(rule, 'what was seen', () => rule.facts!({ ...this.ruleContext(rule), preexisting }));
    }
  }

  private ruleContext(rule: Rule) {
    return { facts: this.facts, options: this.options.get(rule)!, report: this.speaker.report };
  }

  private conclude(): Judgement {
    const suppressions = new Suppressions(this.facts.sources.values());
    const findings: Finding[] = [];
    const suppressed: SuppressedFinding[] = [];
    const stood: Finding[] = [];
    const seen = new Map<string, number>();
    const seenBefore = new Map<string, number>();
    const settle = (noted: Noted) => {
      const { rule, problem } = noted;
      if (isMoot(rule.id, problem.at, problem.evidence ?? rule.evidence.slice(0, 1), this.facts)) return;
      if (isNeverReached(rule.id, problem.at, this.facts)) return;
      const at = causeIn(noted.set, problem) ?? problem.at;
      const file = at?.file ?? null;
      const object = problem.object ?? null;
      const { level, scope } = ruling(rule, this.settings, { file, object, severity: problem.severity });
      const suppression = suppressions.take(rule.id, at) ?? suppressions.take(rule.id, problem.at);
      if (level === 'off' && scope === null) return;
      if (level !== 'off' && suppression === null && !noted.isNew) {
        if (isSupabases(object, file)) return;
        stood.push(this.toFinding(noted, at, level, seenBefore));
        return;
      }
      if (!noted.isNew) return;
      const finding = this.toFinding(noted, at, level === 'off' ? 'info' : level, seen);
      if (suppression !== null) {
        suppressed.push({
          finding,
          reason: suppression.reason,
          by: 'comment',
          file: file!,
          line: suppression.line,
        });
      } else if (level === 'off') {
        suppressed.push({
          finding,
          reason: scope!.reason,
          by: 'config',
          file: this.settings.file ?? '',
          line: null,
        });
      } else {
        findings.push(finding);
      }
    };
    for (const noted of this.noted) settle(noted);
    for (const noted of this.unusedSuppressions(suppressions)) settle(noted);
    return {
      findings: findings.sort(byPlace),
      stood,
      suppressed,
      failed: [...this.failed].map(([rule, message]) => ({ rule, message })),
    };
  }

  private toFinding(noted: Noted, at: Place | null, severity: Severity, seen: Map<string, number>): Finding {
    const { rule, problem } = noted;
    // Twice the same thing on one object (two UPDATEs without WHERE) stays two findings.
    const identity = identityOf(noted);
    const times = (seen.get(identity) ?? 0) + 1;
    seen.set(identity, times);
    const told = hasOtherIds(this.facts) ? withTokenId : (text: string) => text;
    const written =
      problem.at === at ? '' : `\n\nWritten in "${problem.at!.file}", line ${problem.at!.line}.`;
    return {
      rule: rule.id,
      severity,
      evidence: problem.evidence ?? rule.evidence.slice(0, 1),
      fingerprint: fingerprint(times === 1 ? identity : `${identity}\0${times}`),
      new: noted.isNew,
      mendedBy: noted.mendedBy,
      message: told(problem.message.replace(quotedTwice, '"$1$2"')),
      file: at?.file ?? null,
      line: at?.line ?? null,
      column: at?.column ?? null,
      endLine: at?.endLine ?? null,
      endColumn: at?.endColumn ?? null,
      object: problem.object ?? null,
      causes: problem.causes ?? [],
      help: told(`${problem.help ?? withoutExample(rule.remedy)}${written}`),
      docs: `docs/rules/${rule.id}.md`,
      repro: problem.repro ?? null,
      fix:
        problem.fix === undefined || (this.facts.history.all && isOvertaken(problem, this.facts.head))
          ? null
          : { ...problem.fix, edits: problem.fix.edits.map((edit) => ({ ...edit, text: told(edit.text) })) },
    };
  }

  /** Suppressions of changed files that took nothing out, name no rule, or give no reason. */
  private unusedSuppressions(suppressions: Suppressions): Noted[] {
    const rule = this.rules.find(({ id }) => id === 'config/unused-suppression');
    if (rule === undefined) return [];
    const known = new Map(registered.map((entry) => [entry.id, entry]));
    const noted: Noted[] = [];
    const changed = new Set(this.facts.changeSets.flatMap((set) => set.migrations.map((m) => m.source.path)));
    for (const path of changed) {
      for (const { source, suppression, used } of suppressions.of(path)) {
        for (const id of suppression.rules) {
          const message = suppressionProblem(id, suppression.reason, used.has(id), known.get(id), this.facts);
          if (message === null) continue;
          const at = lineOf(source.path, source.text, suppression.line);
          const key = `${path} ${id}`;
          noted.push({
            rule,
            problem: { message, at, object: null, key },
            isNew: true,
            set: null,
            mendedBy: null,
          });
        }
      }
    }
    return noted;
  }

  private emptySet(): ChangeSet {
    const { base, head } = this.facts;
    return { migrations: [], before: base, after: head, touched: new Set(), created: new Set() };
  }
}

function visitorsByKind(rules: readonly Rule[]): Map<string, [Rule, StatementVisitor][]> {
  const visitors = new Map<string, [Rule, StatementVisitor][]>();
  for (const rule of rules) {
    for (const [kind, visitor] of Object.entries(rule.statement ?? {})) {
      const known = visitors.get(kind);
      if (known === undefined) visitors.set(kind, [[rule, visitor]]);
      else known.push([rule, visitor]);
    }
  }
  return visitors;
}

function suppressionProblem(
  id: string,
  reason: string,
  used: boolean,
  rule: Rule | undefined,
  facts: Facts,
): string | null {
  if (rule === undefined) {
    return `This comment suppresses "${id}", and there is no such rule. It does nothing. Correct the name ("migration-guard rules" lists them) or remove the comment.`;
  }
  if (reason === '') {
    return `This comment suppresses "${id}" without a reason, so it is void. A later reader must see why the finding is accepted. Write the reason behind a colon.`;
  }
  if (used || !couldRun(rule, facts)) return null;
  return `This comment suppresses "${id}", which finds nothing here. A suppression that is left behind hides the next mistake. Remove it.`;
}

/** Whether the facts a rule lives on were there at all. */
function couldRun(rule: Rule, facts: Facts): boolean {
  return rule.evidence.some(
    (evidence) =>
      evidence === 'static' ||
      ((evidence === 'replay' || evidence === 'catalog') && facts.replay !== null) ||
      (evidence === 'probe' && facts.access !== null) ||
      (evidence === 'rollback' && facts.rollback !== null),
  );
}

function lineOf(file: string, text: string, line: number) {
  const content = text.split('\n')[line - 1]?.trimEnd() ?? '';
  const column = content.search(/\S/) + 1 || 1;
  return { file, line, column, endLine: line, endColumn: content.length + 1 };
}

/** A later migration makes the object anew, or switches it again: what is written before that would be undone. */
function isOvertaken({ fix, object }: Problem, { tables, views, routines }: SchemaState): boolean {
  const key = object ?? '';
  const last = [
    views.get(key)?.origin,
    routines.get(key)?.origin,
    ...(/row level security/i.test(fix?.title ?? '') ? [tables.get(key)?.rlsOrigin] : []),
  ].find((origin) => origin != null);
  return last != null && fix!.edits.some(({ file }) => file < last.file);
}

const pathOf = (set: ChangeSet) => set.migrations.at(-1)?.source.path ?? null;

const fingerprint = (identity: string) => createHash('sha256').update(identity).digest('hex').slice(0, 32);

function byPlace(a: Finding, b: Finding): number {
  return (
    compare(a.file ?? '', b.file ?? '') ||
    (a.line ?? 0) - (b.line ?? 0) ||
    (a.column ?? 0) - (b.column ?? 0) ||
    compare(a.rule, b.rule) ||
    compare(a.message, b.message)
  );
}

/** `"public."My table""`, from a key inside quotes: Postgres' messages say `"public.My table"`. */
const quotedTwice = /"([\w$]+\.)?"([^"]+)""/g;

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
