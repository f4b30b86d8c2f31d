from odoo import api, fields, models


class PartnerVisit(models.Model):
    _name = "partner.visit"
    _description = "Visit to a partner"
    _order = "visited_on desc, id desc"

    partner_id = fields.Many2one("res.partner", required=True, ondelete="cascade", index=True)
    visited_on = fields.Date(required=True, default=fields.Date.context_today)
    notes = fields.Text()
    greeting = fields.Char(compute="_compute_greeting")

    @api.depends("partner_id.firstname", "partner_id.name")
    def _compute_greeting(self):
        for visit in self:
            visit.greeting = f"Dear {visit.partner_id.firstname or visit.partner_id.name}"
