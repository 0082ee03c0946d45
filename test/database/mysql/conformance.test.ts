import { databaseSuite } from "../../conformance/database.ts";
import { mariadb } from "./conformance/subject.ts";

databaseSuite(mariadb);
