/**
 * A map that shares its entries with the one it was made from: a file changes a handful of objects among thousands, and
 * each file leaves a state of its own. Iterated, it is laid out once, in the order a copied Map would have.
 */
export class SharedMap<V> implements ReadonlyMap<string, V> {
  /** Shared: never written to. */
  #base: ReadonlyMap<string, V>;
  /** Written since: replaced entries and new ones. */
  #over: Map<string, V>;
  /** Keys of the base that were deleted; one that was made again stands in `#over`. */
  #gone: Set<string>;
  #size: number;

  private constructor(base: ReadonlyMap<string, V>, over: Map<string, V>, gone: Set<string>, size: number) {
    this.#base = base;
    this.#over = over;
    this.#gone = gone;
    this.#size = size;
  }

  /** With the same entries; writing to it leaves the other as it is. */
  static from<V>(entries: ReadonlyMap<string, V>): SharedMap<V> {
    if (!(entries instanceof SharedMap)) return new SharedMap(entries, new Map(), new Set(), entries.size);
    // Copying what was written must stay as cheap as laying all of it out now and then.
    if (entries.#written ** 2 > entries.#size) entries.#layOut();
    return new SharedMap(entries.#base, new Map(entries.#over), new Set(entries.#gone), entries.#size);
  }

  get size(): number {
    return this.#size;
  }
  get(key: string): V | undefined {
    return this.#over.get(key) ?? (this.#gone.has(key) ? undefined : this.#base.get(key));
  }
  has(key: string): boolean {
    return this.#over.has(key) || (!this.#gone.has(key) && this.#base.has(key));
  }
  set(key: string, value: V): void {
    if (!this.has(key)) this.#size += 1;
    this.#over.set(key, value);
  }
  delete(key: string): void {
    if (!this.has(key)) return;
    this.#size -= 1;
    this.#over.delete(key);
    if (this.#base.has(key)) this.#gone.add(key);
  }

  keys() {
    return this.#layOut().keys();
  }
  values() {
    return this.#layOut().values();
  }
  entries() {
    return this.#layOut().entries();
  }
  [Symbol.iterator]() {
    return this.entries();
  }
  forEach(visit: (value: V, key: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this);
  }

  get #written(): number {
    return this.#over.size + this.#gone.size;
  }

  #layOut(): ReadonlyMap<string, V> {
    if (this.#written === 0) return this.#base;
    const laidOut = new Map<string, V>(this.#base);
    for (const key of this.#gone) laidOut.delete(key);
    for (const [key, value] of this.#over) laidOut.set(key, value);
    this.#base = laidOut;
    this.#over = new Map();
    this.#gone = new Set();
    return laidOut;
  }
}
