/** Column names that say who did something to a row, in the languages that projects are written in: `criado_por`. */

/** What comes before the name of whoever did it, where English says "by". */
const by = 'par|por|von|durch|door|da|av|af|przez';

/** Words for how a row came to be, by what English calls them; without accents, as names are written. */
const making: Readonly<Record<string, string>> = {
  created:
    'cree|creee|criad[oa]|cread[oa]|creat[oa]|erstellt|angelegt|erzeugt|aangemaakt|gemaakt|skapad|skapat|opprettet|oprettet|lavet|utworzon[eya]|stworzon[eya]',
  added:
    'ajoutee?|adicionad[oa]|anadid[oa]|agregad[oa]|aggiunt[oa]|hinzugefuegt|toegevoegd|tillagd|dodan[eya]',
  uploaded: 'televersee?|subid[oa]|carregad[oa]|cargad[oa]|caricat[oa]|hochgeladen|geupload',
  sent: 'envoyee?|enviad[oa]|inviat[oa]|gesendet|verzonden|skickad|sendt|wyslan[eya]',
  requested: 'demandee?|solicitad[oa]|richiest[oa]|angefragt|beantragt|aangevraagd',
  invited: 'invitee?|convidad[oa]|invitad[oa]|invitat[oa]|eingeladen|uitgenodigd',
  submitted: 'soumise?|submetid[oa]|presentad[oa]|eingereicht|ingediend',
  recorded: 'enregistree?|registrad[oa]|registrat[oa]|erfasst|geregistreerd',
  posted: 'publiee?|publicad[oa]|postad[oa]|pubblicat[oa]|geplaatst',
};

const english = Object.entries(making).map(
  ([word, others]) => [word, new RegExp(`^(?:${others})$`, 'i')] as const,
);
const acted = new RegExp(`^(\\w+?)_(?:${by})(_user|_usuario|_id)*$`, 'i');

/**
 * The name as English has it, where it says who did something: `criado_por` is "created_by". A word that is none of those
 * for making says who dealt with the row later, and whose it is says another column.
 */
export function inEnglish(column: string): string {
  const word = acted.exec(column)?.[1];
  if (word === undefined) return column;
  const known = english.find(([, others]) => others.test(word))?.[0];
  return `${known ?? 'reviewed'}_by`;
}

const now = 'primary|main|principal|current';
/** `owner`, `primary_owner`: whose the row is now. */
export const ownerNow = `(?:(?:${now})_)?owner`;
/** Or whose it was at first. */
export const ownerEver = `(?:(?:${now}|first|original)_)?owner`;

const whose = new RegExp(`^${ownerEver}(_?user)?(_?id|_?uid)?$`, 'i');
/** `owner_id`, `primary_owner_user_id`: whose the row is, whoever made it. */
export const saysWhose = (column: string): boolean => whose.test(inEnglish(column));
