/** This tool's version, put in when it is bundled. */
export const version: string = process.env.GUARD_VERSION ?? '0.0.0-source';
