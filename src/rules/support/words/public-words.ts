/** Words by which names and comments say that something is for everybody, in the languages that projects are written in. */

const adjectives =
  'public(ly)?|published|public[oa]s?|publicad[oa]s?|publi(cs|ques?)|publiee?s?|(ver)?oe?ffentlich(e[mnrst]?|t(e[mnrs]?)?)?|pubblic(o|a|i|he|amente)|pubblicat[oaie]';
/** What a shop shows to the street. */
const windows = 'storefront|showcase|vitrinas?|vitrines?|escaparates?|schaufenster|vetrin[ae]';
// "To all authenticated users" is for some: without a noun behind it.
const people =
  'any(one|body)|every(one|body)|visitors?|guests?|anon(ymous(ly)?)?|world|cualquiera|todo (el|o) mundo|qualquer (um|pessoa)|tout le monde|n.?importe qui|jede[rmn]?(mann)?|chiunque|visitantes?|visiteurs?|besucher(n|innen)?|visitatori|anonim[oai]s?|anonymes?|anonyme[nr]?|((for|by|to|para|por|a|pour|par|per|da|fur|von) )(all|todos|tous|tutti|alle)(?= *$)';

/** Without accents, which the ends of words are not told by. */
const plain = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '');

const inName = new RegExp(`(^|[_-])(${adjectives}|${windows})([_-]|$)`, 'i');
/** `clinics_public`, `productos_publicos`, `storefront_items`: a name made of words and underscores. */
export const isPublicByName = (name: string) => inName.test(plain(name));

const inText = new RegExp(`\\b(${adjectives}|${windows})\\b`, 'i');
const denied =
  /\b(not|never|no longer|non|no|nao|nunca|pas|jamais|nicht|kein(e[mnrs]?)?|mai)[ -]((es|esta|est|e|be|is|made) )?(\w+ )?(public|publi[cq]|pubbli|offentlich|oeffentlich)|\b(schema|role|rol|schemas) "?public\b|\bpublic\.|"public"|\b(from|to) public\b|\bpublic (schema|key|role)\b/i;
/** "Catálogo público sin precios": said of the thing itself. */
export const isSaidToBePublic = (text: string) => inText.test(plain(text)) && !denied.test(plain(text));

const inPolicy = new RegExp(`\\b(${adjectives}|${people})\\b`, 'i');
/** "Tasks are viewable by everyone", "Leitura pública": the name of a policy says that it is for strangers too. */
export const isForAllByName = (name: string) => inPolicy.test(plain(name.replace(/[_-]+/g, ' ')));
