import { hostname as machineName } from 'node:os';
