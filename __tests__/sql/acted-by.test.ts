import { expect, test } from '@jest/globals';
import { inEnglish, saysWhose } from '../../src/sql/acted-by.ts';

test.each([
  ['criado_por', 'created_by'],
  ['creado_por', 'created_by'],
  ['erstellt_von', 'created_by'],
  ['cree_par', 'created_by'],
  ['aangemaakt_door', 'created_by'],
  ['solicitado_por', 'requested_by'],
  ['suspendu_par', 'reviewed_by'],
  ['approvato_da', 'reviewed_by'],
  ['gewijzigd_door', 'reviewed_by'],
  ['created_by', 'created_by'],
  ['user_id', 'user_id'],
  ['padaria', 'padaria'],
])('%s is %s', (column, name) => {
  expect(inEnglish(column)).toBe(name);
});

test.each(['owner', 'owner_id', 'primary_owner_user_id', 'original_owner_id'])(
  '%s says whose the row is',
  (column) => {
    expect(saysWhose(column)).toBe(true);
  },
);

test.each(['created_by', 'co_owner_id', 'owner_name', 'user_id'])('%s does not', (column) => {
  expect(saysWhose(column)).toBe(false);
});
