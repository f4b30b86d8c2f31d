from . import partner_visit
from . import res_partner
