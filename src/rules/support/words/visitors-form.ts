/** Forms that visitors fill in for somebody: a contact form, a request for a booking. */
import type { Table } from '../../../model/schema.ts';

/** Whom it is for; who wrote it says so itself, by an address or a telephone number. */
export const isAddressee = (column: string, { name, columns, policies }: Table): boolean =>
  columns.some((each) => each.name !== column && ofTheWriter.test(each.name)) &&
  (letters.test(name) || (requests.test(name) && firm.test(column))) &&
  // Who says that the server writes means no visitor.
  !policies.some((policy) => policy.command === 'insert' && notVisitors.test(policy.name));

const ofTheWriter =
  /^((client|customer|visitor|sender|contact|guest|lead|buyer|prospect|inquirer|applicant|your|from)_)?(e_?mail(_address)?|phone(_number)?|telephone|mobile|whatsapp)$/i;

const letters =
  /(^|_)(contacts?(_(forms?|requests?|messages?|submissions?))?|inquir(y|ies)|enquir(y|ies)|leads?|(quote|callback|call_back|demo|consultation|viewing)_requests?|(form|contact|lead)_submissions?)$/i;

const requests =
  /(^|_)(bookings?|booking_requests?|appointments?|reservations?|viewings?|quotes?|rsvps?|applications?|feedbacks?|testimonials?)$/i;

const firm =
  /^(venue|business|agent|agency|shop|store|salon|barber|host|provider|seller|vendor|coach|trainer|doctor|therapist|practitioner|photographer|artist|realtor|broker|company|organi[sz]ation|org|restaurant|clinic|studio|professional|merchant|landlord|owner|recipient|receiver|instructor|consultant|lawyer|freelancer|staff|stylist|tenant)_?(profile_?|user_?)?(uu)?id$/i;

const notVisitors = /\b(system|service|server|backend|admins?|staff)\b/i;
