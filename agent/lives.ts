/** Keeps the agent alive whatever the disk: where the journal cannot be opened it runs from memory, and anew once it can. */
import { type AgentOptions, startAgent } from './agent.ts';
import { folderMedium } from './journal/folder.ts';
import { type HubJournal, JournalUnavailable, openJournal } from './journal/open.ts';
import { IO_PATIENCE_MS } from './journal/recovery.ts';

/** How often a disk that cannot be used is tried. */
const TRY_AGAIN_MS = 5_000;

/** Resolves after `stop`. Rejects with JournalLocked or JournalForeign, which no waiting mends. */
export async function keepAlive(options: AgentOptions, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    try {
      const agent = await startAgent(options);
      await aborted(stop);
      await agent.close();
    } catch (error) {
      if (!(error instanceof JournalUnavailable)) throw error;
      options.log.error(`${error.message} Until then the hub runs from memory: a power cut would take what it has.`);
      await runFromMemory(options, error, stop);
    }
  }
}

/** Until the journal can be opened; then what waited goes there, and the next life finds it. */
async function runFromMemory(options: AgentOptions, { message }: Error, stop: AbortSignal): Promise<void> {
  const { world } = options;
  const sinceMs = world.monotonicMs();
  const agent = await startAgent({ ...options, diskFault: message });
  while (!stop.aborted) {
    await world.sleep(TRY_AGAIN_MS, stop);
    const journal = await tryDisk(options, world.monotonicMs() - sinceMs >= IO_PATIENCE_MS);
    if (!journal) continue;
    await Promise.race([agent.handOver(journal), aborted(stop)]);
    await agent.close();
    await journal.close();
    return;
  }
  await agent.close();
}

async function tryDisk(
  { world, log, settings, outside }: AgentOptions,
  isPatienceOver: boolean,
): Promise<HubJournal | undefined> {
  const { path } = settings.journal;
  const medium = outside?.medium ?? folderMedium(path);
  const onEvent = ({ name, cause }: { readonly name: string; readonly cause?: string }): void =>
    log.warn([name, cause].filter(Boolean).join(': '));
  try {
    return await openJournal({ world, path, hub: settings.hub, onEvent, medium, isPatienceOver });
  } catch (error) {
    if (error instanceof JournalUnavailable) return undefined;
    throw error;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
