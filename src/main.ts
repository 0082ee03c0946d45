import { version } from "../package.json";
console.log(version);
process.exit(0);
