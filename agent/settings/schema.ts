/** Holds a file against its JSON Schema and turns every deviation into a complaint. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type DefinedError, type ValidateFunction } from 'ajv/dist/2020.js';
import { type Complaint, pathOf, shown } from './complaint.ts';
import { FORMATS, privacyFault } from './formats.ts';
import { nearest } from './nearest.ts';
import { packageRoot } from './package-root.ts';

export type SchemaName = 'hub' | 'care-plan';

export const AJV_OPTIONS = { allErrors: true, verbose: true, discriminator: true, formats: FORMATS } as const;

const compiled = new Map<SchemaName, ValidateFunction>();

function validatorOf(name: SchemaName): ValidateFunction {
  const known = compiled.get(name);
  if (known) return known;
  // The schemas are ours, and a test holds them to their own: doing it at each start is a quarter of a second on a fast machine.
  const ajv = new Ajv2020({ ...AJV_OPTIONS, validateSchema: false, meta: false });
  const path = join(packageRoot(), 'config', 'schemas', `${name}.schema.json`);
  const validate = ajv.compile(JSON.parse(readFileSync(path, 'utf8')));
  compiled.set(name, validate);
  return validate;
}

/** Empty when `value` keeps to the schema. */
export function schemaComplaints(name: SchemaName, file: string, value: unknown): readonly Complaint[] {
  const validate = validatorOf(name);
  if (validate(value)) return [];
  // Ajv types its errors loosely; with its own keywords alone they are DefinedErrors.
  const errors = (validate.errors ?? []) as DefinedError[];
  return errors
    .filter((error) => error.keyword !== 'discriminator' || error.params.tagValue !== undefined) // missing: said by `required`
    .map((error) => ({ file, ...deviation(error, validate.schema as Described) }));
}

/** What we read of a schema: its descriptions say what was expected. */
interface Described {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Described>>;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Described>>;
}

function descriptionOf({ description, $ref }: Described, root: Described): string | undefined {
  return description ?? root.$defs?.[$ref?.replace('#/$defs/', '') ?? '']?.description;
}

function deviation(error: DefinedError, root: Described): Omit<Complaint, 'file'> {
  const path = pathOf(error.instancePath);
  const schema = (error.parentSchema ?? {}) as Described;
  const expected = schema.description ?? error.message ?? 'see the schema';
  switch (error.keyword) {
    case 'required': {
      const key = error.params.missingProperty;
      const description = descriptionOf(schema.properties?.[key] ?? {}, root);
      const wanted = description === undefined ? `add "${key}"` : `add "${key}": ${description}`;
      return { path: pathOf(error.instancePath, key), found: 'missing', expected: wanted };
    }
    case 'additionalProperties': {
      const key = error.params.additionalProperty;
      const known = Object.keys(schema.properties ?? {});
      const meant = nearest(key, known);
      const hint = meant === undefined ? `known here: ${known.join(', ')}` : `did you mean "${meant}"?`;
      return { path: pathOf(error.instancePath, key), found: 'unknown key', expected: hint };
    }
    case 'discriminator': {
      const kinds = schema.properties?.[error.params.tag]?.description;
      return {
        path: pathOf(error.instancePath, error.params.tag),
        found: `found ${shown(error.params.tagValue)}`,
        expected: `expected ${kinds}`,
      };
    }
    case 'format': {
      const fault = error.params.format === 'handle' ? privacyFault(String(error.data)) : undefined;
      // A number that must not be in topics or logs must not be in our message either.
      if (fault !== undefined) return { path, found: `the text ${fault}`, expected: `expected ${expected}` };
      return { path, found: `found ${shown(error.data)}`, expected: `expected ${expected}` };
    }
    default:
      return { path, found: `found ${shown(error.data)}`, expected: `expected ${expected}` };
  }
}
