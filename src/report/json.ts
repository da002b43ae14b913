import type { Report } from '../model/report.ts';

export const json = (report: Report): string => `${JSON.stringify(report, null, 2)}\n`;
