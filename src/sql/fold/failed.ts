/** A statement that fails in Postgres, and nobody minds: nothing of it stays. */
export class Failed extends Error {}
