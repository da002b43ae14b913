import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a,b}from"./shared-WB6ATEIH.js";import"./shared-N23CJGRN.js";import"./shared-4Z7L52NG.js";import"./shared-K3X4Z7AT.js";import"./shared-CMHGUJ7R.js";export{a as parseConfig,b as withAccess};
