import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a,b}from"./shared-ITL5HM6P.js";import"./shared-N23CJGRN.js";import"./shared-CYG27P5A.js";import"./shared-UZP4JZ7Z.js";import"./shared-CMHGUJ7R.js";export{a as parseConfig,b as withAccess};
