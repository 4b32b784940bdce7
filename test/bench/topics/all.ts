/** All topics, in the order of the report. */
import type { Topic } from '../topic.ts';
import { drain } from './drain.ts';
import { home } from './home.ts';
import { importing } from './import.ts';
import { journal } from './journal.ts';
import { latency } from './latency.ts';
import { peers } from './peers.ts';
import { restart } from './restart.ts';
import { start } from './start.ts';
import { writing } from './writing.ts';

export const topics: readonly Topic[] = [journal, latency, drain, restart, start, home, writing, importing, peers];
