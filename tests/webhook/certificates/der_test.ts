import assert from "node:assert/strict";
import {
  bitString,
  contentOf,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  time,
  utf8String,
  valuesIn,
} from "../../../lib/webhook/certificates/der.ts";

Deno.test("integer() has no leading zeros and is never negative", () => {
  assert.equal(integer(0).toHex(), "020100");
  assert.equal(integer(0, 0).toHex(), "020100");
  assert.equal(integer(0, 0x7f).toHex(), "02017f");
  assert.equal(integer(0x80).toHex(), "02020080");
  assert.equal(integer(0, 0xff, 0).toHex(), "020300ff00");
});

Deno.test("objectIdentifier() writes numbers of more than seven bits in several bytes", () => {
  assert.equal(objectIdentifier("2.5.29.17").toHex(), "0603551d11");
  assert.equal(objectIdentifier("1.2.840.10045.4.3.2").toHex(), "06082a8648ce3d040302");
  assert.equal(objectIdentifier("1.3.6.1.4.1.2097152").toHex(), "06092b0601040181808000");
});

Deno.test("time() has a year of four digits from 2050 on", () => {
  const text = (date: string) => new TextDecoder().decode(contentOf(time(new Date(date))));
  assert.equal(text("2049-12-31T23:59:59Z"), "491231235959Z");
  assert.equal(text("2050-01-01T00:00:00Z"), "20500101000000Z");
});

Deno.test("valuesIn() gives the values of a sequence, of any length", () => {
  for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
    const values = [octetString(new Uint8Array(length).fill(7)), utf8String("é"), sequence()];
    assert.deepEqual(valuesIn(sequence(...values)), values, `${length}`);
  }
  assert.deepEqual(valuesIn(sequence()), []);
  assert.equal(octetString(new Uint8Array(200)).toHex().slice(0, 6), "0481c8");
  assert.equal(octetString(new Uint8Array(300)).toHex().slice(0, 8), "0482012c");
});

Deno.test("bitString() counts the unused bits", () => {
  assert.equal(bitString(Uint8Array.of(0x06), 1).toHex(), "03020106");
});
