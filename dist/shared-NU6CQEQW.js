import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a,b}from"./shared-LDRNSEAH.js";import"./shared-O3E576O4.js";import"./shared-BA7OWHRG.js";import"./shared-YFIJG26U.js";import"./shared-CMHGUJ7R.js";export{a as parseConfig,b as withAccess};
