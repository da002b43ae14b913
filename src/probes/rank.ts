/** Column names whose value is a rank, and not a state. */
export const rank = /role|rank|level|admin|owner|permission|super|staff|moderator|access|tier|scope/i;
