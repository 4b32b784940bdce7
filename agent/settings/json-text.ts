/** JSON as people type it: says in which line and column it stops being JSON, and why. */

export type Parsed =
  | { readonly value: unknown }
  | { readonly line: number; readonly column: number; readonly problem: string };

/** JSON.parse decides what is JSON; where it refuses, the text is read again to find the place. A byte order mark is let pass. */
export function parseJson(text: string): Parsed {
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text;
  try {
    return { value: JSON.parse(body) };
  } catch {
    const { at, problem } = firstFault(body);
    const before = body.slice(0, at).split('\n');
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, problem };
  }
}

interface Fault {
  readonly at: number;
  readonly problem: string;
}

/** JSON refuses the control characters below the space, and lets those above it pass. */
const STRING = /"(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|true\b|false\b|null\b/y;
const SPACE = /[ \t\r\n]*/y;

type Expecting = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'comma or end' | 'nothing';

/** Reads token by token with a stack of its own, so that depth is bounded by the text alone. */
function firstFault(text: string): Fault {
  const open: ('{' | '[')[] = [];
  let expecting: Expecting = 'value';
  let at = 0;
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at += found[0].length;
    return found !== null;
  };
  const taken = (): Expecting => (open.length === 0 ? 'nothing' : 'comma or end');

  for (;;) {
    take(SPACE);
    const char = text[at];
    const inObject = open.at(-1) === '{';
    if (char === undefined) return { at, problem: endOf(open) };
    const isValue = expecting === 'value' || expecting === 'value or ]';
    const isKey = expecting === 'key' || expecting === 'key or }';
    if (isValue && (char === '{' || char === '[')) {
      open.push(char);
      expecting = char === '{' ? 'key or }' : 'value or ]';
      at++;
    } else if (isValue && (take(STRING) || take(SCALAR))) expecting = taken();
    else if (isKey && take(STRING)) expecting = 'colon';
    else if (expecting === 'colon' && char === ':') {
      expecting = 'value';
      at++;
    } else if (expecting === 'comma or end' && char === ',') {
      expecting = inObject ? 'key' : 'value';
      at++;
    } else if (closes(expecting, char, inObject)) {
      open.pop();
      expecting = taken();
      at++;
    } else return { at, problem: problemAt(expecting, char, inObject) };
  }
}

function endOf(open: readonly ('{' | '[')[]): string {
  const innermost = open.at(-1);
  return innermost === undefined
    ? 'the file is empty'
    : `the text ends where ${closing(innermost === '{')} was expected`;
}

function closes(expecting: Expecting, char: string, inObject: boolean): boolean {
  if (expecting === 'comma or end') return char === closing(inObject);
  return (expecting === 'key or }' && char === '}') || (expecting === 'value or ]' && char === ']');
}

function closing(inObject: boolean): string {
  return inObject ? '}' : ']';
}

function problemAt(expecting: Expecting, char: string, inObject: boolean): string {
  if (char === '/' || char === '#') return 'comments are not allowed in JSON';
  if (char === "'") return 'text and names stand in "double" quotes';
  switch (expecting) {
    case 'key':
      return char === '}' ? 'the comma before this } is one too many' : 'a name in "double" quotes was expected';
    case 'key or }':
      return 'a name in "double" quotes or } was expected';
    case 'value':
      return char === ']' && !inObject ? 'the comma before this ] is one too many' : badValue(char);
    case 'value or ]':
      return badValue(char);
    case 'colon':
      return 'a colon was expected after the name';
    case 'comma or end':
      return `a comma or ${closing(inObject)} was expected; a comma may be missing before this`;
    case 'nothing':
      return 'nothing more was expected here';
  }
}

function badValue(char: string): string {
  return char === '"'
    ? 'this text is not closed, or has a line break or a wrong backslash in it'
    : 'a value was expected';
}
