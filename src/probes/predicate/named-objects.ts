/** Tables, views, columns and functions by the names a policy calls them. */
import type { Routine, SchemaState } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import type { Place } from './scope.ts';
import { names } from './syntax.ts';

export class NamedObjects {
  readonly #state: SchemaState;

  constructor(state: SchemaState) {
    this.#state = state;
  }

  relation(schema: string | undefined, relation: string): string | null {
    const find = (inSchema: string) => {
      for (const map of [this.#state.tables, this.#state.views]) {
        for (const object of map.values()) {
          if (object.schema === inSchema && object.name === relation) return object.key;
        }
      }
      return null;
    };
    return schema === undefined ? find('public') : find(schema);
  }

  routine(call: SyntaxNode): Routine | null {
    const path = names(call.funcname);
    const count = (call.args ?? []).length;
    const candidates = this.#routinesByName(path.at(-1)!).filter(
      (routine) => path.length === 1 || routine.schema === path[0],
    );
    return (
      candidates.find((routine) => routine.arguments.filter((a) => a.mode === 'in').length === count) ??
      candidates[0] ??
      null
    );
  }

  #byName: Map<string, Routine[]> | null = null;
  #routinesByName(routine: string): readonly Routine[] {
    if (this.#byName === null) {
      this.#byName = new Map();
      for (const candidate of this.#state.routines.values()) {
        const list = this.#byName.get(candidate.name);
        if (list) list.push(candidate);
        else this.#byName.set(candidate.name, [candidate]);
      }
    }
    return this.#byName.get(routine) ?? [];
  }

  has(key: string | null, column: string): boolean {
    if (key === null) return false;
    const table = this.#state.tables.get(key);
    if (table) return table.columns.some((candidate) => candidate.name === column);
    return this.#state.views.get(key)?.columns.includes(column) ?? false;
  }

  typeOf(place: Place): string | undefined {
    return this.#state.tables.get(place.table)?.columns.find((column) => column.name === place.column)?.type;
  }
}
