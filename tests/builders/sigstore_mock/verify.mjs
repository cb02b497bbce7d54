// What npm's own verifier says: `node verify.mjs` reads a list of cases as JSON from standard input
// and answers with a list of texts: empty for a signature that holds, else why it doesn't.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { bundleFromJSON } from "@sigstore/bundle";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";

const read = (path) => JSON.parse(readFileSync(path, "utf8"));
const exactly = (text) => `^${text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`;

// The library leaves what a statement is about to its caller, as sigstore-python does.
function requireSubject(bundle, artifact) {
  if (bundle.content.$case !== "dsseEnvelope") return;
  const statement = JSON.parse(Buffer.from(bundle.content.dsseEnvelope.payload).toString());
  const digest = createHash("sha256").update(artifact).digest("hex");
  if (!statement.subject.some((one) => one.digest.sha256 === digest)) throw new Error("another file");
}

function verdict({ bundle, artifact, root, identity, issuer }) {
  try {
    const trusted = read(root);
    const material = toTrustMaterial(TrustedRoot.fromJSON(trusted.trustedRoot ?? trusted));
    const data = readFileSync(artifact);
    const found = bundleFromJSON(read(bundle));
    const policy = { subjectAlternativeName: exactly(identity), extensions: { issuer } };
    new Verifier(material).verify(toSignedEntity(found, data), policy);
    requireSubject(found, data);
    return "";
  } catch (error) {
    return String(error.message || error);
  }
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(verdict)));
