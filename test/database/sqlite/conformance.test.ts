import { databaseSuite } from "../../conformance/database.ts";
import { sqlite } from "./conformance/subject.ts";

databaseSuite(sqlite);
