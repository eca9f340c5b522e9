export { decodeDnsName, encodeDnsName, MalformedDnsNameError } from "./dnsName.ts";
export {
  EmptyLabelError,
  LABEL_BYTES_MAX,
  LabelTooLongError,
  labelsOf,
  NAME_BYTES_MAX,
  NameTooLongError,
  normaliseName,
  parentOf,
  registeredNameOf,
  UnnormalisableNameError,
} from "./name.ts";
export { childNode, labelhash, type Node, namehash, ROOT_NODE } from "./namehash.ts";
