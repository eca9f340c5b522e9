export { CLASS_IN, EDE, EDNS_OPTION, isMetaType, OPCODE, RCODE, rcodeName, TYPE, typeCode, typeName } from "./codes.ts";
export { decodeMessage, MalformedMessageError } from "./decode.ts";
export { encodeMessage, MESSAGE_BYTES_MAX, MessageTooLargeError } from "./encode.ts";
export {
  createQuery,
  type Edns,
  type EdnsOption,
  type Message,
  type Question,
  type ResourceRecord,
  type RRset,
  recordsOf,
} from "./message.ts";
export {
  type DomainName,
  domainLabels,
  formatDomainName,
  isAtOrBelow,
  lowerName,
  MalformedDomainNameError,
  nameToWire,
  parentDomain,
  parseDomainName,
} from "./name.ts";
export { formatRdata, formatRecord, parseRdata } from "./rdataText.ts";
export { MalformedRdataError } from "./wireFields.ts";
export { UnexpectedWordError } from "./words.ts";
export { formatZoneFile, parseZoneFile, type ZoneData, ZoneFileError } from "./zoneFile.ts";
