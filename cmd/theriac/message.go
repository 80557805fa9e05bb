package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"theriac/api"
	"theriac/canon"
)

type messageCmd struct {
	Send messageSendCmd `cmd:"" help:"Send a message to another organisation."`
	List messageListCmd `cmd:"" help:"The organisation's messages, the newest first."`
	Show messageShowCmd `cmd:"" help:"A message, by its id or anchor."`
}

type messageSendCmd struct {
	server
	Kind    string   `arg:"" help:"material-requests, material-supplies, dossiers, distributions, sales-status, dispatches or receipts." enum:"material-requests,material-supplies,dossiers,distributions,sales-status,dispatches,receipts"`
	To      string   `required:"" help:"Receiver's GLN."`
	Case    string   `help:"The case (ID_BC); left out: that of the first predecessor."`
	Prev    []string `help:"Anchor of a message that it answers or follows; may be repeated."`
	Content string   `required:"" help:"The content as JSON, as /openapi.json describes it; @FILE reads it from a file."`
	Key     string   `help:"Names the message: sent again under the same name, it is sent once." placeholder:"NAME"`
}

// Help implements kong.HelpProvider.
func (messageSendCmd) Help() string {
	return `  theriac message send material-requests --to 9521141001042 --case theriacin-500 \
    --content '{"material":"acetylsalicylic acid","product":"Theriacin","quantity":"25 kg"}'`
}

func (m *messageSendCmd) Run(ctx context.Context, con *console) error {
	raw := []byte(m.Content)
	if name, file := strings.CutPrefix(m.Content, "@"); file {
		var err error
		if raw, err = readFile(name); err != nil {
			return err
		}
	}
	if !json.Valid(raw) {
		return errors.New("the content is not JSON")
	}
	body := struct {
		api.Address
		Content json.RawMessage `json:"content"`
	}{api.Address{To: m.To, Case: m.Case}, raw}
	for _, p := range m.Prev {
		bc, err := canon.ParseDigest(p)
		if err != nil {
			return fmt.Errorf("prev: %w", err)
		}
		body.Prev = append(body.Prev, bc)
	}
	return ask(&m.server, con, post[api.Message](ctx, "/v1/"+m.Kind, m.Key, body), func(sent *api.Message) {
		con.printf("message %s is queued; it goes out by itself: theriac message show %s\n", sent.ID, sent.ID)
	})
}

type messageListCmd struct {
	server
	Type   string `help:"Only this type, as dmms/1."`
	Case   string `help:"Only this case (ID_BC)."`
	Status string `help:"Only queued, sent, refused or received ones."`
	Limit  int    `help:"How many." default:"50"`
}

func (m *messageListCmd) Run(ctx context.Context, con *console) error {
	q := url.Values{"limit": {fmt.Sprint(m.Limit)}}
	for name, value := range map[string]string{"type": m.Type, "case": m.Case, "status": m.Status} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return ask(&m.server, con, get[api.Messages](ctx, "/v1/messages", q), func(found *api.Messages) {
		for _, x := range found.Items {
			anchor := x.Code
			if x.Receipt != nil {
				anchor = x.Receipt.BC.String()
			}
			con.printf("%s  %-11s %-8s %s → %s  %s  %s\n", x.ID, x.Type, x.Status, x.From, x.To, x.Case, anchor)
		}
	})
}

type messageShowCmd struct {
	server
	ID string `arg:"" help:"Id of a message that this organisation sent, or anchor of any."`
}

func (m *messageShowCmd) Run(ctx context.Context, con *console) error {
	m.JSON = true // a content of any kind has no shorter form
	return ask(&m.server, con, get[api.Message](ctx, "/v1/messages/"+url.PathEscape(m.ID), nil), func(*api.Message) {})
}
