/** Column and argument names of what only who was given it knows. */
export const secret = /token|secret|code|key|hash|password|otp|pin$/i;
