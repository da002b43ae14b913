import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a,b}from"./shared-AOO67C3N.js";import"./shared-N23CJGRN.js";import"./shared-LIEINXMJ.js";import"./shared-5A5UIN2D.js";import"./shared-CMHGUJ7R.js";export{a as parseConfig,b as withAccess};
