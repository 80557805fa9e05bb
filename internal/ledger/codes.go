package ledger

import (
	"fmt"

	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
)

// redeem uses the concealed code of a pack, once. Any member may relay it: what it
// relays is signed with the code's key, for the browser's, and cannot be turned to
// another's account.
func (t *tx) redeem() error {
	var arg chain.Redeem
	if err := t.body(&arg); err != nil {
		return err
	}
	batch, err := t.batch(arg.Batch)
	if err != nil {
		return err
	}
	if err := genuine.CheckRedeem(t.ledger.Chain, &arg, &batch.Release); err != nil {
		return err
	}
	key := chain.RedeemedKey(arg.Batch, arg.Index)
	var before chain.Redemption
	ok, err := read(t, key, &before)
	if err != nil {
		return err
	}
	browser := canon.Sum(arg.Browser)
	if ok && before.Browser == browser {
		// The same browser again, as after a lost answer: nobody else has the code.
		return ErrRedeemed
	}
	if ok {
		t.alert = &chain.Alert{
			Code: ErrRedeemed.Code(), Batch: arg.Batch, Units: []chain.Range{{From: arg.Index, To: arg.Index + 1}},
			By: t.Sender, At: t.now, Index: t.index,
		}
		t.tag("alert-of", batch.Holder)
		if t.Sender != batch.Holder {
			t.tag("alert-by", t.Sender)
		}
		return fmt.Errorf("%w: alert %s", ErrRedeemed, chain.AlertID(t.op))
	}
	t.tag("redeemed", arg.Batch)
	return t.put(key, &chain.Redemption{Browser: browser, By: t.Sender, At: t.now, Index: t.index})
}
