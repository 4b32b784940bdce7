/** The schemas are schemas: the agent takes that for granted when it starts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, it } from 'vitest';
import { packageRoot } from '../../agent/settings/package-root.ts';
import { AJV_OPTIONS, type SchemaName } from '../../agent/settings/schema.ts';

it.each<SchemaName>(['hub', 'care-plan'])('%s keeps to JSON Schema 2020-12', (name) => {
  const ajv = new Ajv2020(AJV_OPTIONS);
  const schema = JSON.parse(readFileSync(join(packageRoot(), 'config/schemas', `${name}.schema.json`), 'utf8'));
  expect([ajv.validateSchema(schema), ajv.errors]).toEqual([true, null]);
});
