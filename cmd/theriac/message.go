package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"

	"theriac/api"
	"theriac/canon"
	"theriac/client"
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
	c, err := m.client()
	if err != nil {
		return err
	}
	raw := []byte(m.Content)
	if len(raw) > 0 && raw[0] == '@' {
		if raw, err = readFile(m.Content[1:]); err != nil {
			return err
		}
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
	sent, err := client.Post[api.Message](ctx, c, "/v1/"+m.Kind, m.Key, body)
	if err != nil {
		return err
	}
	return m.show(con, sent, func() {
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
	c, err := m.client()
	if err != nil {
		return err
	}
	q := url.Values{"limit": {fmt.Sprint(m.Limit)}}
	for name, value := range map[string]string{"type": m.Type, "case": m.Case, "status": m.Status} {
		if value != "" {
			q.Set(name, value)
		}
	}
	found, err := client.Get[api.Messages](ctx, c, "/v1/messages", q)
	if err != nil {
		return err
	}
	return m.show(con, found, func() {
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
	c, err := m.client()
	if err != nil {
		return err
	}
	x, err := client.Get[api.Message](ctx, c, "/v1/messages/"+url.PathEscape(m.ID), nil)
	if err != nil {
		return err
	}
	return printJSON(con.out, x)
}
