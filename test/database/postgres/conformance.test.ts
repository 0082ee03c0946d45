import { databaseSuite } from "../../conformance/database.ts";
import { postgres } from "./conformance/subject.ts";

databaseSuite(postgres);
