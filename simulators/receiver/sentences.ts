/** The statement as one would say it to a person. */
import type { Statement } from './statement.ts';

export function sentences(statement: Statement): readonly string[] {
  const { hub, highest, held, explained, missing, counts, trouble } = statement;
  return [
    `${hub}: ${statement.complete ? 'complete' : 'not complete'} up to number ${highest}. Held: ${held}; will never come: ${explained}; missing: ${missing}.`,
    ...statement.incompleteBecause.map((why) => `Not complete because ${why}.`),
    ...(trouble === undefined
      ? []
      : [`Nothing can be stored since ${trouble.since} (${trouble.cause}); waiting: ${statement.waiting}.`]),
    ...statement.explanations.list.map(
      ({ from, to, cause, detail }) =>
        `${span(from, to)} will never come: ${cause}${detail === undefined ? '' : ` (${detail})`}.`,
    ),
    ...more(statement.explanations.more, 'more stretches will never come'),
    ...statement.holes.list.map(({ from, to, since, asked, rejected }) =>
      rejected === undefined
        ? `${span(from, to)} missing since ${since}, asked for ${times(asked)}.`
        : `${span(from, to)} came and was rejected: ${rejected}.`,
    ),
    ...more(statement.holes.more, 'more stretches are missing'),
    ...statement.absences.latest.map(
      ({ device, cause, since, until }) =>
        `${device ?? 'No device'} delivered nothing ${since === undefined ? '' : `from ${since} `}until ${until}: ${cause}.`,
    ),
    ...statement.standing.list.map(
      ({ alert, phase, text, at }) => `Alert ${alert} stands (${phase}, ${at}): ${text ?? ''}`,
    ),
    ...more(statement.standing.more, 'more alerts stand'),
    `Different entries: ${counts.entries}; came again: ${counts.duplicates}; came late: ${counts.historical}; rejected: ${counts.rejected}; refused: ${counts.refused}; no room for: ${counts.dropped}.`,
  ];
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

function span(from: number, to: number): string {
  return from === to ? `Number ${from}` : `Numbers ${from} to ${to}`;
}

function more(count: number, what: string): readonly string[] {
  return count === 0 ? [] : [`${count} ${what}.`];
}
