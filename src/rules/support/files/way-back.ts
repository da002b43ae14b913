import { sqlFence } from '../words/words.ts';

/** The generated way back, for a file whose own does not lead there. */
export const wayBack = (sql: string): string =>
  `This way back was generated and run, and it leads to the schema as it was:\n\n${sqlFence(sql.trim())}`;
