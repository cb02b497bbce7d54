// A private Sigstore instance on loopback, of the handlers of @sigstore/mock: Fulcio, Rekor v1 and
// a CT log.  `node server.mjs` prints its client trust config as one line of JSON, then serves
// until its standard input ends.
import "reflect-metadata";
import { createHash, generateKeyPairSync } from "node:crypto";
import http from "node:http";
import { Pkcs10CertificateRequest } from "@peculiar/x509";
import * as mock from "@sigstore/mock";

const base64 = (bytes) => Buffer.from(bytes).toString("base64");
const keys = () => generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const sha256 = (data) => ({ algorithm: "sha256", value: createHash("sha256").update(data).digest("hex") });
const validFor = { start: "2020-01-01T00:00:00Z" };

const server = http.createServer();
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const url = `http://127.0.0.1:${server.address().port}`;

const ctlog = await mock.initializeCTLog(keys());
const authority = await mock.initializeCA(keys(), ctlog);
const tlog = await mock.initializeTLog(url, keys());
const fulcio = mock.fulcioHandler(authority, { strict: true, subjectClaim: "sub" });
const rekor = mock.rekorHandler(tlog, { strict: true });

// sigstore-python sends a certificate request; the handler wants the key and the token.
function certificateRequest(body, request) {
  const csr = JSON.parse(body).certificateSigningRequest;
  const key = new Pkcs10CertificateRequest(Buffer.from(csr, "base64").toString()).publicKey;
  return JSON.stringify({
    credentials: { oidcIdentityToken: request.headers.authorization.replace(/^Bearer /, "") },
    publicKeyRequest: { publicKey: { algorithm: "ECDSA", content: key.toString("pem") }, proofOfPossession: "x" },
  });
}

// A log writes down the canonical entry, not the proposed one.
function logEntry(body) {
  const proposed = JSON.parse(body);
  if (proposed.kind !== "dsse") return body;
  const { envelope, verifiers } = proposed.spec.proposedContent;
  const { payload, signatures } = JSON.parse(envelope);
  return JSON.stringify({
    apiVersion: "0.0.1",
    kind: "dsse",
    spec: {
      envelopeHash: sha256(envelope),
      payloadHash: sha256(Buffer.from(payload, "base64")),
      signatures: signatures.map(({ sig }, n) => ({ signature: sig, verifier: verifiers[n] })),
    },
  });
}

const routes = {
  [fulcio.path]: (body, request) => fulcio.fn(certificateRequest(body, request)),
  [rekor.path]: (body) => rekor.fn(logEntry(body)),
};

server.on("request", (request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", async () => {
    const route = routes[request.url];
    if (!route) return response.writeHead(404).end();
    const answer = await route(Buffer.concat(parts).toString(), request);
    const headers = { "content-type": answer.contentType || "application/json" };
    response.writeHead(answer.statusCode, headers).end(answer.response);
  });
});

const log = (publicKey) => ({
  baseUrl: url,
  hashAlgorithm: "SHA2_256",
  publicKey: { rawBytes: base64(publicKey), keyDetails: "PKIX_ECDSA_P256_SHA_256", validFor },
  logId: { keyId: createHash("sha256").update(publicKey).digest("base64") },
});
const service = [{ url, majorApiVersion: 1, operator: "test", validFor }];
console.log(
  JSON.stringify({
    mediaType: "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
    trustedRoot: {
      mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
      tlogs: [log(tlog.publicKey)],
      ctlogs: [log(ctlog.publicKey)],
      certificateAuthorities: [
        {
          subject: { organization: "test", commonName: "test" },
          uri: url,
          certChain: { certificates: [{ rawBytes: base64(authority.rootCertificate) }] },
          validFor,
        },
      ],
      timestampAuthorities: [],
    },
    signingConfig: {
      mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
      caUrls: service,
      oidcUrls: process.argv[2] ? [{ ...service[0], url: process.argv[2] }] : [],
      rekorTlogUrls: service,
      tsaUrls: [],
      rekorTlogConfig: { selector: "ANY" },
      tsaConfig: { selector: "ANY" },
    },
  }),
);
process.stdin.on("end", () => process.exit(0)).resume();
