package ledger_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/ledger/ledgertest"
	"theriac/merkle"
	"theriac/pedigree"
)

// claiming is a case in which a request is signed with other claims.
func claiming(name, code string, change func(w *town, c *envelope.Claims)) refused {
	return refused{name, code, func(w *town) []byte {
		m := w.claiming(w.DM, w.request(), func(c *envelope.Claims) { change(w, c) })
		return w.MS.Anchor(w.Now, m)
	}}
}

// messageRefusals are what every exchange is refused for, whatever it says.
var messageRefusals = []refused{
	{"noise", "non_canonical", func(w *town) []byte { return w.carrying(w.MS, []byte("noise"), w.request().Body) }},
	{"body is noise", "non_canonical", func(w *town) []byte { return w.carrying(w.MS, w.request().Envelope.Raw(), 7) }},
	{"body is empty", "non_canonical", func(w *town) []byte { return w.carrying(w.MS, w.request().Envelope.Raw(), envelope.Body{}) }},
	{"body of another", "body_mismatch", func(w *town) []byte {
		return w.carrying(w.MS, w.request().Envelope.Raw(), w.request().Body.Disclose("material", "product"))
	}},
	{"a price is disclosed", "bad_field", func(w *town) []byte {
		m := w.request()
		return w.carrying(w.MS, m.Envelope.Raw(), m.Body)
	}},
	{"contract's field is withheld", "bad_field", func(w *town) []byte {
		m := w.request()
		return w.carrying(w.MS, m.Envelope.Raw(), m.Body.Disclose("material"))
	}},
	claiming("unknown type", "wrong_type", func(_ *town, c *envelope.Claims) { c.Type = "dmms/2" }),
	claiming("application", "wrong_type", func(_ *town, c *envelope.Claims) { c.Type = "application/1" }),
	// Attack 000-13: a message for one supplier is given to another, or to somebody
	// of another role.
	{"for the other supplier", "wrong_audience", func(w *town) []byte { return w.MS2.Anchor(w.Now, w.request()) }},
	{"for a distributor", "wrong_audience", func(w *town) []byte { return w.DD.Anchor(w.Now, w.request()) }},
	{"anchored by its sender", "wrong_audience", func(w *town) []byte { return w.DM.Anchor(w.Now, w.request()) }},
	// Attack 000-07: somebody signs under another's name, with a key of his own.
	{"in another's name", "key_mismatch", func(w *town) []byte {
		m := w.claiming(w.DM2, w.request(), func(*envelope.Claims) {})
		return w.MS.Anchor(w.Now, m)
	}},
	{"with nobody's key", "unknown_key", func(w *town) []byte {
		m := w.claiming(w.stranger(), w.request(), func(*envelope.Claims) {})
		return w.MS.Anchor(w.Now, m)
	}},
	{"signature of another message", "bad_signature", func(w *town) []byte {
		return w.spliced(func(_ []byte, other []byte) []byte { return other })
	}},
	{"mirrored signature", "high_s", func(w *town) []byte {
		return w.spliced(func(own, _ []byte) []byte { return mirrored(own) })
	}},
	{"no signature", "bad_signature", func(w *town) []byte {
		return w.spliced(func(_, _ []byte) []byte { return make([]byte, 64) })
	}},
	// Attack 000-12: the print accepts any time ahead.
	claiming("stale", "stale", func(w *town, c *envelope.Claims) { c.IssuedAt -= 300 }),
	claiming("stale by far", "stale", func(w *town, c *envelope.Claims) { c.IssuedAt = 0 }),
	claiming("ahead", "ts_future", func(w *town, c *envelope.Claims) { c.IssuedAt += 302; c.Expires += 1000 }),
	claiming("a year ahead", "ts_future", func(w *town, c *envelope.Claims) { c.IssuedAt += 365 * 24 * 3600; c.Expires = c.IssuedAt }),
	claiming("300 years ahead", "ts_future", func(w *town, c *envelope.Claims) { c.IssuedAt += 300 * 366 * 24 * 3600; c.Expires = c.IssuedAt }),
	claiming("at the end of time", "ts_future", func(w *town, c *envelope.Claims) { c.IssuedAt = 1<<53 - 1; c.Expires = c.IssuedAt }),
	claiming("expired", "expired_message", func(w *town, c *envelope.Claims) { c.Expires = c.IssuedAt }),
	{"revoked key", "key_invalid", func(w *town) []byte {
		m := w.request()
		w.revoke(w.DM, w.DM)
		return w.MS.Anchor(w.Now, m)
	}},
	{"suspended sender", "member_inactive", func(w *town) []byte {
		m := w.request()
		w.stand(w.DM, chain.Suspended)
		return w.MS.Anchor(w.Now, m)
	}},
	{"sender of another role by now", "wrong_role", func(w *town) []byte {
		m := w.request()
		w.stand(w.DM, chain.Active, chain.Distributor)
		return w.MS.Anchor(w.Now, m)
	}},
	// Attack 000-11: replay. A message signed again for another sending counts once.
	{"anchored before", "already_anchored", func(w *town) []byte {
		m := w.request()
		w.Admit(w.MS.Anchor(w.Now, m))
		return w.MS.Anchor(w.Now, m)
	}},
	{"anchored in another form", "already_anchored", func(w *town) []byte {
		m := w.request()
		w.Admit(w.MS.Anchor(w.Now, m))
		return w.MS.Anchor(w.Now, w.claiming(w.DM, m, func(c *envelope.Claims) { c.IssuedAt++ }))
	}},
	{"other bc_paper", "bc_mismatch", func(w *town) []byte {
		x := w.MS.Exchange(w.request())
		x.Paper[0] ^= 1
		return w.MS.Tx(w.Now, chain.KindExchange, x)
	}},
	{"BC as bc_paper", "bc_mismatch", func(w *town) []byte {
		m := w.request()
		x := w.MS.Exchange(m)
		x.Paper = m.Envelope.Digest()
		return w.MS.Tx(w.Now, chain.KindExchange, x)
	}},
}

// spliced anchors a request with another signature, made of its own and that of
// another request.
func (w *town) spliced(signature func(own, other []byte) []byte) []byte {
	m := w.request()
	own, other := m.Envelope.Signature(), w.request().Envelope.Signature()
	raw := m.Envelope.Raw()
	raw = append(bytes.Clone(raw[:bytes.LastIndexByte(raw, '.')+1]), canon.Text(signature(own.Bytes[:], other.Bytes[:]))...)
	return w.carrying(w.MS, raw, m.Body.Disclose("material", "product"))
}

// Attack 000-12: at the edges of the window, in whole seconds, a message passes.
func TestMessageWindow(t *testing.T) {
	w := newTown(t)
	for _, s := range []int64{-299, 0, 301} {
		m := w.claiming(w.DM, w.request(), func(c *envelope.Claims) { c.IssuedAt += s })
		w.Admit(w.MS.Anchor(w.Now, m))
	}
	m := w.claiming(w.DM, w.request(), func(c *envelope.Claims) { c.Expires = c.IssuedAt + 1 })
	w.Admit(w.MS.Anchor(w.Now, m)) // in its last second
}

// Attack 000-11: a message that waited is sent again with its identifier and
// counts; the first sending, which was lost, then counts no more.
func TestResentMessageCountsOnce(t *testing.T) {
	w := newTown(t)
	first := w.request()
	w.Now = w.Now.Add(10 * time.Minute)
	w.Refuse("stale", w.MS.Anchor(w.Now, first))
	again := w.claiming(w.DM, first, func(c *envelope.Claims) { c.IssuedAt = w.Now.Unix() })
	w.Admit(w.MS.Anchor(w.Now, again))
	w.Refuse("stale", w.MS.Anchor(w.Now, first))
}

// Attack 000-13: a message under one ID_BC cannot be shown under another, and an
// answer stays with its question.
func TestCaseIsSigned(t *testing.T) {
	w := newTown(t)
	m := w.request()
	raw := m.Envelope.Raw()
	parts := bytes.Split(raw, []byte("."))
	payload, err := canon.ParseText(string(parts[1]))
	if err != nil {
		t.Fatal(err)
	}
	other := bytes.Replace(payload, []byte(`"case":"theriacin-500"`), []byte(`"case":"theriacin-501"`), 1)
	if bytes.Equal(other, payload) {
		t.Fatal("no case in the claims")
	}
	parts[1] = []byte(canon.Text(other))
	w.Refuse("bad_signature", w.carrying(w.MS, bytes.Join(parts, []byte(".")), m.Body.Disclose("material", "product")))
}

// Attack 000-23: the signer himself writes claims or fields in a second spelling.
// Whoever else reads them might read something else, so nobody here reads them.
func TestSecondSpellings(t *testing.T) {
	w := newTown(t)
	m := w.request()
	payload, err := canon.JSON(m.Envelope.Claims)
	if err != nil {
		t.Fatal(err)
	}
	spell := func(old, new string) {
		t.Helper()
		if !strings.Contains(string(payload), old) {
			t.Fatalf("no %s in %s", old, payload)
		}
		raw, err := envelope.SignCompact(w.DM.Key, "theriac+jws", []byte(strings.Replace(string(payload), old, new, 1)))
		if err != nil {
			t.Fatal(err)
		}
		w.Refuse("non_canonical", w.carrying(w.MS, raw, m.Body.Disclose("material", "product")))
	}
	iat := fmt.Sprintf(`"iat":%d`, m.Envelope.Claims.IssuedAt)
	spell(`{"aud"`, `{ "aud"`)
	spell(`"case":"theriacin-500"`, `"case":"theriacin-500","case":"theriacin-500"`)
	spell(`"case":"theriacin`, `"case":"\u0074heriacin`)
	spell(`"case":"theriacin`, `"case":"the`+"\u0301"+`riacin`)
	spell(`"case":"theriacin`, `"case":"`+"\xff"+`riacin`)
	spell(`"case":"theriacin-500"`, `"case":""`)
	spell(iat, iat+".0")
	spell(iat, `"iat":1e400`)
	spell(iat, `"iat":-1`)
	spell(iat, iat+`,"nbf":0`)
	spell(`"type":"dmms/1"`, `"type":"dmms/1","zip":"DEF"`)
	spell(`"prev":[]`, `"prev":null`)
}

// Attack 000-23: fields of the body in a second spelling, in the body whose digest
// is signed.
func TestSecondSpellingsOfFields(t *testing.T) {
	w := newTown(t)
	m := w.request()
	for name, change := range map[string]func(b envelope.Body) envelope.Body{
		"duplicate member": func(b envelope.Body) envelope.Body { b[0].Value = []byte(`{"a":1,"a":1}`); return b },
		"number":           func(b envelope.Body) envelope.Body { b[0].Value = []byte(`1e400`); return b },
		"large integer":    func(b envelope.Body) envelope.Body { b[0].Value = []byte(`9007199254740993`); return b },
		"escape":           func(b envelope.Body) envelope.Body { b[0].Value = []byte(`"\u006cactose"`); return b },
		"broken UTF-8":     func(b envelope.Body) envelope.Body { b[0].Value = []byte("\"\xff\""); return b },
		"white space":      func(b envelope.Body) envelope.Body { b[0].Value = []byte(` "lactose"`); return b },
		"two values":       func(b envelope.Body) envelope.Body { b[0].Value = []byte(`"lactose","x":1`); return b },
		"order":            func(b envelope.Body) envelope.Body { b[0], b[1] = b[1], b[0]; return b },
		"name twice":       func(b envelope.Body) envelope.Body { b[1].Name = b[0].Name; return b },
		"shown and hidden": func(b envelope.Body) envelope.Body { b[0].Hash = canon.Digest{1}; return b },
		"hidden with salt": func(b envelope.Body) envelope.Body {
			b[0] = envelope.Field{Hash: canon.Digest{1}, Salt: canon.ID{1}}
			return b
		},
		"neither": func(b envelope.Body) envelope.Body { b[0] = envelope.Field{}; return b },
		"65 fields": func(b envelope.Body) envelope.Body {
			for len(b) < 65 {
				b = append(b, envelope.Field{Hash: canon.Digest{1}})
			}
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := w.fork(t)
			body := change(m.Body.Disclose("material", "product"))
			c := m.Envelope.Claims
			c.BodyDigest = body.Digest()
			raw, err := envelope.SignJWS(w.DM.Key, c)
			if err != nil {
				t.Fatal(err)
			}
			w.Refuse("non_canonical", w.carrying(w.MS, raw, body))
		})
	}
}

// Attack 000-23: fields whose JSON is canonical, but not as the contract's type
// would be written.
func TestSecondSpellingsOfContents(t *testing.T) {
	w := newTown(t)
	lots := fmt.Sprintf(`[{"analysis":%q,"gtin":%q,"lot":"ASA-7","produced":"2026-10-01"}]`, canon.Sum([]byte("analysis")), w.Lot.GTIN)
	for _, tt := range []struct{ name, lots, want string }{
		{"as it is", lots, "applied"},
		{"unknown member", strings.Replace(lots, `"produced"`, `"price":1,"produced"`, 1), "bad_field"},
		{"missing member", strings.Replace(lots, `,"produced":"2026-10-01"`, "", 1), "bad_field"},
		{"digest with a stray bit", strings.Replace(lots, canon.Sum([]byte("analysis")).String(), strings.Repeat("_", 43), 1), "bad_field"},
		{"lot as a number", strings.Replace(lots, `"ASA-7"`, "7", 1), "bad_field"},
		{"object for a list", strings.Trim(lots, "[]"), "bad_field"},
		{"null", "null", "bad_field"},
		{"empty", "[]", "bad_field"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := w.fork(t)
			body := envelope.Body{
				{Name: "lots", Salt: ledgertest.NewID(), Value: []byte(tt.lots)},
				{Name: "material", Salt: ledgertest.NewID(), Value: []byte(`"lactose"`)},
			}
			c := w.say(w.MS, w.DM, content(w.Supply), w.Request).Envelope.Claims
			m, err := envelope.Sign(w.MS.Key, c, body)
			if err != nil {
				t.Fatal(err)
			}
			if r := w.Try(w.DM.Anchor(w.Now, m)); outcome(r) != tt.want {
				t.Errorf("%s (%s), want %s", outcome(r), r.Text, tt.want)
			}
		})
	}
}

// Attack 000-23: an empty field that is written out is another body, so it is none.
func TestEmptyFieldsAreLeftOut(t *testing.T) {
	w := newTown(t)
	body := envelope.Body{{Name: "decision", Salt: ledgertest.NewID(), Value: []byte(`"refused"`)}}
	c := w.say(w.DA, w.DM, &pedigree.Decision{Decision: pedigree.Refused}, w.Dossier).Envelope.Claims
	for _, want := range []string{"applied", "bad_field"} {
		m, err := envelope.Sign(w.DA.Key, c, body)
		if err != nil {
			t.Fatal(err)
		}
		if got := outcome(w.Try(w.DM.Anchor(w.Now, m))); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		body = append(envelope.Body{{Name: "certificate", Salt: ledgertest.NewID(), Value: []byte(`""`)}}, body...)
	}
}

// Attack 000-23: bytes moved between neighbouring hashed fields make another body,
// and so does an inner node of its tree in the place of the fields under it.
func TestFieldsDoNotFlow(t *testing.T) {
	w := newTown(t)
	m := w.request()
	raw := m.Envelope.Raw()
	shown := m.Body.Disclose("material", "product")
	moved := append(envelope.Body{}, shown...)
	moved[0].Name, moved[0].Value = "materia", append([]byte("l"), moved[0].Value...)
	w.Refuse("non_canonical", w.carrying(w.MS, raw, moved))
	renamed := append(envelope.Body{}, shown...)
	renamed[0].Name = "materiel"
	w.Refuse("body_mismatch", w.carrying(w.MS, raw, renamed))
	two := m.Body.Disclose()
	inner := envelope.Body{{Hash: merkle.NodeHash(two[0].Hash, two[1].Hash)}, two[2]}
	w.Refuse("body_mismatch", w.carrying(w.MS, raw, inner))
}

// Attack 000-23: the transaction itself in second spellings of CBOR, signed by its
// sender.
func TestSecondSpellingsOfTransactions(t *testing.T) {
	w := newTown(t)
	payload, err := canon.CBOR(w.MS.Plain(w.Now, chain.KindEvidence, chain.Evidence{Digest: canon.Digest{1}, Media: "a"}))
	if err != nil {
		t.Fatal(err)
	}
	chainID := append([]byte{0x01, 0x60 + byte(len(ledgertest.ChainID))}, ledgertest.ChainID...)
	for name, change := range map[string]func() []byte{
		"long form of a length": func() []byte {
			return bytes.Replace(payload, chainID, append([]byte{0x01, 0x78, byte(len(ledgertest.ChainID))}, ledgertest.ChainID...), 1)
		},
		"indefinite map": func() []byte { return append(append([]byte{0xbf}, payload[1:]...), 0xff) },
		"tagged":         func() []byte { return append([]byte{0xc1}, payload...) },
		"doubled member": func() []byte { return append(append([]byte{0xa7}, payload[1:]...), chainID...) },
		"unknown member": func() []byte { return append(append([]byte{0xa7}, payload[1:]...), 0x07, 0x00) },
		"members unsorted": func() []byte {
			return append(append([]byte{0xa6}, bytes.Replace(payload[1:], chainID, nil, 1)...), chainID...)
		},
		"an array": func() []byte { return []byte{0x80} },
		"nothing":  func() []byte { return []byte{} },
	} {
		t.Run(name, func(t *testing.T) {
			w := w.fork(t)
			changed := change()
			if bytes.Equal(changed, payload) {
				t.Fatal("no change")
			}
			raw, err := envelope.SignSign1(w.MS.Key, chain.TxType, changed)
			if err != nil {
				t.Fatal(err)
			}
			w.Refuse("non_canonical", raw)
		})
	}
}
