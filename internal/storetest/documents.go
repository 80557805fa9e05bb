package storetest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"theriac/canon"
	"theriac/internal/supply"
)

// Documents is the law of supply.Documents. Mentioning gives each document once,
// in the order of writing.
func Documents(t *testing.T, s supply.Documents) {
	for name, law := range map[string]func(*testing.T, supply.Documents){
		"unknown":  unknownDocuments,
		"once":     documentsOnce,
		"as a map": documentsAsMap,
		"large":    largeDocuments,
		"shared":   documentsAreNotShared,
	} {
		t.Run(name, func(t *testing.T) { law(t, s) })
	}
}

func unknownDocuments(t *testing.T, s supply.Documents) {
	d := &supply.Document{Digest: canon.Sum([]byte("unknown")), Bytes: []byte("x")}
	wantErr(t, "PutDocument", s.PutDocument(gone(t), d, []supply.Mention{{Identifier: "unknown"}}), context.Canceled)
	_, err := s.Document(t.Context(), d.Digest)
	wantErr(t, "Document", err, supply.ErrUnknown)
	for _, name := range []string{"unknown", "unknown\x00\xff", strings.Repeat("unknown", 10_000)} {
		found, err := s.Mentioning(t.Context(), name)
		must(t, "Mentioning", err)
		same(t, "Mentioning", found, nil)
	}
}

// Of documents with one digest the first is kept, with its own mentions.
func documentsOnce(t *testing.T, s supply.Documents) {
	digest := canon.Sum([]byte("once"))
	put := func(i int) error {
		return s.PutDocument(t.Context(), &supply.Document{Digest: digest, Bytes: []byte{byte(i)}, Created: noon()},
			[]supply.Mention{{Identifier: fmt.Sprint("once ", i), Role: "object"}, {Identifier: "once", Event: i, Role: "object"}})
	}
	won := one(t, supply.ErrExists, put)
	wantErr(t, "PutDocument", put(atOnce), supply.ErrExists)
	got, err := s.Document(t.Context(), digest)
	must(t, "Document", err)
	same(t, "the document", got, &supply.Document{Digest: digest, Bytes: []byte{byte(won)}, Created: noon()})
	for i := range atOnce + 1 {
		found, err := s.Mentioning(t.Context(), fmt.Sprint("once ", i))
		must(t, "Mentioning", err)
		if i == won {
			same(t, "the winner's mention", found, []canon.Digest{digest})
		} else {
			same(t, "a loser's mention", found, nil)
		}
	}
}

func documentsAsMap(t *testing.T, s supply.Documents) {
	ctx := t.Context()
	var all []canon.Digest
	mentioned := map[string][]canon.Digest{}
	names := []string{"https://id.gs1.org/01/1", "urn:epc:id:x", "", "\x00\xff", "\U0010ff00", strings.Repeat("very long ", 1000)}
	rapid.Check(t, func(t *rapid.T) {
		content := rapid.SliceOfN(rapid.Byte(), 0, 2).Draw(t, "bytes")
		d := &supply.Document{
			Digest: canon.Hash("law", content), Media: texts().Draw(t, "media"), Bytes: raws().Draw(t, "content"),
			Created: moments().Draw(t, "created"), Index: counts().Draw(t, "index"),
			Height: rapid.Int64().Draw(t, "height"), Time: rapid.Int64().Draw(t, "time"),
		}
		mentions := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) supply.Mention {
			return supply.Mention{
				Identifier: rapid.SampledFrom(names).Draw(t, "identifier"),
				Event:      rapid.IntRange(0, 2).Draw(t, "event"), Role: rapid.SampledFrom([]string{"object", "parent"}).Draw(t, "role"),
			}
		}), 0, 6).Draw(t, "mentions")
		err := s.PutDocument(ctx, d, mentions)
		if slices.Contains(all, d.Digest) {
			wantErr(t, "PutDocument", err, supply.ErrExists)
		} else {
			must(t, "PutDocument", err)
			all = append(all, d.Digest)
			for _, m := range mentions {
				if !slices.Contains(mentioned[m.Identifier], d.Digest) {
					mentioned[m.Identifier] = append(mentioned[m.Identifier], d.Digest)
				}
			}
			d.Created = kept(d.Created)
			got, err := s.Document(ctx, d.Digest)
			must(t, "Document", err)
			same(t, "Document", got, d)
		}
		for _, name := range names {
			found, err := s.Mentioning(ctx, name)
			must(t, "Mentioning", err)
			same(t, fmt.Sprintf("Mentioning(%.20q)", name), found, mentioned[name])
		}
	})
}

func largeDocuments(t *testing.T, s supply.Documents) {
	d := &supply.Document{Digest: canon.Sum([]byte("large")), Bytes: bytes.Repeat([]byte("\x00\xff<\r\n"), large/5)}
	var mentions []supply.Mention
	for i := range 2000 {
		mentions = append(mentions, supply.Mention{Identifier: fmt.Sprint("pack ", i), Event: i, Role: "object"})
	}
	must(t, "PutDocument", s.PutDocument(t.Context(), d, mentions))
	got, err := s.Document(t.Context(), d.Digest)
	must(t, "Document", err)
	if !bytes.Equal(got.Bytes, d.Bytes) {
		t.Error("a large document came back otherwise")
	}
	for i := range mentions {
		found, err := s.Mentioning(t.Context(), mentions[i].Identifier)
		must(t, "Mentioning", err)
		same(t, mentions[i].Identifier, found, []canon.Digest{d.Digest})
	}
}

func documentsAreNotShared(t *testing.T, s supply.Documents) {
	d := &supply.Document{Digest: canon.Sum([]byte("shared")), Bytes: []byte("bytes")}
	must(t, "PutDocument", s.PutDocument(t.Context(), d, nil))
	d.Bytes[0] = 'X'
	for range 2 { // the second after the first reader changed what she got
		got, err := s.Document(t.Context(), d.Digest)
		must(t, "Document", err)
		same(t, "the bytes", string(got.Bytes), "bytes")
		got.Bytes[0] = 'X'
	}
}
