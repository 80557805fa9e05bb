#!/bin/sh
# Makes the store in testdata/age with the age tool (filippo.io/age/cmd/... in
# PATH) and the keys of RFC 6979 A.2.5 and RFC 9180 A.3.1: nothing of this
# package has a part in it.
set -eu
cd "$(dirname "$0")/age"
export AGE_PASSPHRASE='correct horse battery staple' AGE_PASSPHRASE_WORK_FACTOR=12
identity=$(mktemp)
trap 'rm -f "$identity"' EXIT
age-keygen -pq > "$identity"
age -e -j batchpass -o identity.age "$identity"
# byte N
byte() { printf "\\$(printf %o "$1")"; }
# record NAME USE KEY, the last in hexadecimal: CBOR {1: NAME, 2: USE, 3: KEY}
record() {
	{
		byte 163
		byte 1; byte $((96 + ${#1})); printf %s "$1"
		byte 2; byte $((96 + ${#2})); printf %s "$2"
		byte 3; byte 88; byte $((${#3} / 2)); printf %s "$3" | xxd -r -p
	} | age -e -i "$identity" -o "$1.key.age"
}
record rfc6979 sign c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721
record rfc9180 seal f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2
record counting secret 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
