import { databaseSuite } from "../../conformance/database.ts";
import { mongodb } from "./conformance/subject.ts";

databaseSuite(mongodb);
