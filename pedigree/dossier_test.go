package pedigree_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"theriac/canon"
	"theriac/pedigree"
)

// sealKey returns a seal key and its public point.
func sealKey(t testing.TB) (hpke.PrivateKey, []byte) {
	t.Helper()
	k, err := hpke.DHKEM(ecdh.P256()).GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return k, k.PublicKey().Bytes()
}

var documents = []pedigree.Document{
	{Name: "trial.pdf", Media: "application/pdf", Bytes: []byte("phase III")},
	{Name: "properties.json", Media: "application/json", Bytes: []byte("{}")},
	{Name: "empty", Media: "text/plain", Bytes: []byte{}},
}

func sealed(t testing.TB, point []byte) *pedigree.Dossier {
	t.Helper()
	raw, err := pedigree.SealDossier(documents, "manufacturer", "administration", point)
	if err != nil {
		t.Fatal(err)
	}
	return &pedigree.Dossier{Documents: pedigree.DocumentsRoot(documents), Sealed: raw}
}

// Paper 000, IV-G: what the manufacturer hands in, and nobody else reads.
func TestDossierOpens(t *testing.T) {
	key, point := sealKey(t)
	d := sealed(t, point)
	got, err := pedigree.OpenDossier(d, "manufacturer", "administration", key)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(documents, got); diff != "" {
		t.Errorf("OpenDossier (-want +got):\n%s", diff)
	}
	if bytes.Contains(d.Sealed, []byte("phase III")) {
		t.Error("the sealed documents can be read")
	}
	if again := sealed(t, point); bytes.Equal(again.Sealed, d.Sealed) {
		t.Error("sealed twice to the same bytes")
	}
}

func TestDossierDoesNotOpen(t *testing.T) {
	key, point := sealKey(t)
	other, _ := sealKey(t)
	open := func(name string, d *pedigree.Dossier, from, to string, key hpke.PrivateKey) {
		t.Helper()
		if docs, err := pedigree.OpenDossier(d, from, to, key); !errors.Is(err, pedigree.ErrSealed) || docs != nil {
			t.Errorf("%s: OpenDossier = %v, %v, want %v", name, docs, err, pedigree.ErrSealed)
		}
	}
	good := sealed(t, point)
	open("another receiver's key", good, "manufacturer", "administration", other)
	open("another sender", good, "distributor", "administration", key)
	open("another receiver", good, "manufacturer", "distributor", key)
	open("moved between names", good, "manufacturera", "dministration", key)
	open("nothing sealed", &pedigree.Dossier{Documents: good.Documents}, "manufacturer", "administration", key)
	d := *good
	d.Documents[0] ^= 1
	open("another root", &d, "manufacturer", "administration", key)
	for i := range good.Sealed {
		d := *good
		d.Sealed = bytes.Clone(d.Sealed)
		d.Sealed[i] ^= 1
		open("a changed byte", &d, "manufacturer", "administration", key)
		d.Sealed = d.Sealed[:i]
		open("cut off", &d, "manufacturer", "administration", key)
	}
}

// A sender who seals other documents than he signed the root of, or none, is found.
func TestDossierOfOtherDocuments(t *testing.T) {
	key, point := sealKey(t)
	pk, err := hpke.DHKEM(ecdh.P256()).NewPublicKey(point)
	if err != nil {
		t.Fatal(err)
	}
	root := pedigree.DocumentsRoot(documents)
	info := canon.Encode("theriac/dossier/1", []byte("from"), []byte("to"), root[:])
	others, err := canon.CBOR(documents[:2])
	if err != nil {
		t.Fatal(err)
	}
	for name, plain := range map[string][]byte{"fewer": others, "no list": []byte("phase III"), "empty": {}} {
		raw, err := hpke.Seal(pk, hpke.HKDFSHA256(), hpke.AES256GCM(), info, plain)
		if err != nil {
			t.Fatal(err)
		}
		_, err = pedigree.OpenDossier(&pedigree.Dossier{Documents: root, Sealed: raw}, "from", "to", key)
		if !errors.Is(err, pedigree.ErrSealed) {
			t.Errorf("%s: OpenDossier = %v, want %v", name, err, pedigree.ErrSealed)
		}
	}
}

func TestSealDossierNeedsPoint(t *testing.T) {
	_, point := sealKey(t)
	off := bytes.Clone(point)
	off[64] ^= 1
	for name, p := range map[string][]byte{"none": nil, "cut": point[:64], "off the curve": off} {
		if raw, err := pedigree.SealDossier(documents, "a", "b", p); err == nil {
			t.Errorf("%s: sealed %x", name, raw)
		}
	}
}

// The root is RFC 9162's, made here by SHA-256 alone: three leaves.
func TestDocumentsRoot(t *testing.T) {
	hash := func(parts ...[]byte) []byte {
		d := sha256.Sum256(bytes.Join(parts, nil))
		return d[:]
	}
	var leaves [][]byte
	for _, d := range documents {
		encoded := []byte{0}
		for _, f := range []string{"theriac/document/1", d.Name, d.Media, string(d.Bytes)} {
			encoded = append(binary.BigEndian.AppendUint32(encoded, uint32(len(f))), f...)
		}
		leaves = append(leaves, hash(encoded))
	}
	want := hash([]byte{1}, hash([]byte{1}, leaves[0], leaves[1]), leaves[2])
	if got := pedigree.DocumentsRoot(documents); !bytes.Equal(got[:], want) {
		t.Errorf("DocumentsRoot = %s, want %x", got, want)
	}
}

// FuzzOpenDossier: nothing but what was sealed opens.
func FuzzOpenDossier(f *testing.F) {
	key, point := sealKey(f)
	good := sealed(f, point)
	f.Add([]byte(good.Sealed))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		d := *good
		d.Sealed = raw
		docs, err := pedigree.OpenDossier(&d, "manufacturer", "administration", key)
		if opened := err == nil; opened != bytes.Equal(raw, good.Sealed) || opened != (docs != nil) {
			t.Errorf("OpenDossier(%x) = %v, %v", raw, docs, err)
		}
	})
}
