/** Facts in, findings out: runs every rule and tells new from old. What becomes of what they note: `settle.ts`. */
import type { ChangeSet, Facts } from '../model/facts.ts';
import type { SchemaState } from '../model/schema.ts';
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
import type { Problem, Rule, StateContext, StatementVisitor } from './rule.ts';
import { levelOf, names, optionsOf, type RuleSettings } from './settings.ts';
import { type Settled, settle } from './settle.ts';
import { walk } from './walk.ts';

export interface Judgement extends Settled {
  /** Rules that threw: what they would have found is not known. */
  readonly failed: readonly { readonly rule: string; readonly message: string }[];
}

export function judge(facts: Facts, settings: RuleSettings, rules: readonly Rule[] = registered): Judgement {
  return new Run(facts, settings, rules).judge();
}

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
    return {
      ...settle(this.noted, this.facts, this.settings, this.rules),
      failed: [...this.failed].map(([rule, message]) => ({ rule, message })),
    };
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

const pathOf = (set: ChangeSet) => set.migrations.at(-1)?.source.path ?? null;
