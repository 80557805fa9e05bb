package theriac_test

import (
	"bytes"
	"crypto/ecdsa"
	"slices"

	"theriac"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/ledger/ledgertest"
)

// changeMessage has the sender sign another body, which its receiver anchors.
func (m *mutator) changeMessage(p *specimen, q *question) {
	b := m.copied(p)
	if len(b.Exchanges) == 0 {
		return
	}
	x := &b.Exchanges[m.IntN(len(b.Exchanges))]
	e, err := envelope.ParseJWS([]byte(x.Envelope))
	if err != nil {
		return
	}
	c := e.Claims
	if f := &x.Body[m.IntN(len(x.Body))]; !f.Withheld() && m.IntN(5) > 0 {
		f.Value = m.bodyValue(p.scene, f)
	} else {
		m.changeClaims(b, &c, x)
	}
	c.BodyDigest = x.Body.Digest()
	from, to := m.key(p.scene, c.Issuer), m.key(p.scene, c.Audience)
	raw, err := envelope.SignJWS(from, c)
	if err != nil {
		return
	}
	x.Envelope = string(raw)
	m.anchor(x, to, &c)
	if m.IntN(4) == 0 {
		x.Type = c.Type
	}
	q.Bundle = encode(m.t, b)
}

// bodyValue changes the value of a field; a certificate is signed again.
func (m *mutator) bodyValue(s *scene, f *envelope.Field) canon.RawJSON {
	parsed, err := envelope.ParseCompact(bytes.Trim(f.Value, `"`), "vc+jwt")
	if err != nil || m.IntN(4) == 0 {
		return m.member(f.Value)
	}
	payload := m.member(parsed.Payload)
	raw, err := envelope.SignCompact(pick(m, []*ecdsa.PrivateKey{s.DA.Key, s.DA.Key, s.DM.Key}), "vc+jwt", payload)
	if err != nil {
		return f.Value
	}
	out, err := canon.JSON(string(raw))
	if err != nil {
		return f.Value
	}
	return out
}

func (m *mutator) changeClaims(b *theriac.Bundle, c *envelope.Claims, x *theriac.Exchange) {
	other := pick(m, b.Exchanges)
	switch m.IntN(8) {
	case 0:
		c.Case += "x"
	case 1:
		c.Issuer, c.Audience = c.Audience, c.Issuer
	case 2:
		c.Type = pick(m, []string{"dmms/1", "dadm/1", "dmdd/1", "dddm/1", "dispatch/1", "receipt/1", "xins/1"})
	case 3:
		c.Prev = nil
	case 4:
		c.Prev = append(c.Prev, canon.Sum([]byte(other.Envelope)))
	case 5:
		c.Prev = []canon.Digest{canon.Sum([]byte(other.Envelope))}
	case 6:
		x.Body = slices.Delete(x.Body, 0, 1)
	case 7:
		x.Leaf.Time = pick(m, []int64{0, 1, -1, x.Leaf.Time - 1e10, 1 << 62, -62135596800000})
	}
}

// key returns the key of a member, or another's.
func (m *mutator) key(s *scene, gln string) *ecdsa.PrivateKey {
	if m.IntN(10) > 0 {
		for _, o := range []*ledgertest.Org{s.DA, s.MS, s.DM, s.DD, s.Pharmacy} {
			if o.GLN == gln {
				return o.Key
			}
		}
	}
	return pick(m, []*ecdsa.PrivateKey{s.DA.Key, s.DM.Key, s.DD.Key, s.Hospital.Key})
}

// anchor signs the transaction that anchors a message.
func (m *mutator) anchor(x *theriac.Exchange, to *ecdsa.PrivateKey, c *envelope.Claims) {
	m.t.Helper()
	e, err := envelope.ParseJWS([]byte(x.Envelope))
	if err != nil {
		m.t.Fatal(err)
	}
	body, err := canon.CBOR(x.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	arg, err := canon.CBOR(chain.Exchange{Message: e.Raw(), Body: body, Paper: e.PaperDigest()})
	if err != nil {
		m.t.Fatal(err)
	}
	payload, err := canon.CBOR(chain.Tx{Chain: ledgertest.ChainID, Kind: chain.KindExchange, Sender: c.Audience, ID: x.Anchor.ID, Time: x.Anchor.Time, Body: arg})
	if err != nil {
		m.t.Fatal(err)
	}
	raw, err := envelope.SignSign1(to, chain.TxType, payload)
	if err != nil {
		m.t.Fatal(err)
	}
	signed, err := envelope.ParseSign1(raw, chain.TxType)
	if err != nil {
		m.t.Fatal(err)
	}
	x.Anchor.KeyID, x.Anchor.Paper, x.Anchor.Signature = signed.Signature.KeyID, e.PaperDigest(), signed.Signature.Bytes[:]
}
