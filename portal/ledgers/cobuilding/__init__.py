"""Co-building agreements and what is done under them (`docs/domain` §2.2.1)."""

from flask_babel import lazy_gettext as _
from flask_babel import lazy_pgettext
from sqlalchemy import true

from portal.core.declaration.groups import Form, List, Number, Owner, Privacy, Review, Sheet
from portal.core.declaration.ledger import READING, Ledger
from portal.core.declaration.parts import (
    ARCHIVED,
    DRAFT,
    PENDING_UNIT,
    RETURNED,
    VOIDED,
    ChildTable,
    Derived,
    Files,
    Section,
    Side,
    Status,
    Under,
)
from portal.core.fields import Field, NumberAbove, own_org
from portal.core.records.shared_rules import by_whom
from portal.ledgers.cobuilding import figures, workflow
from portal.ledgers.cobuilding.computed_columns import AGREEMENT_COLUMNS
from portal.ledgers.cobuilding.model import Agreement, CoopActivity
from portal.ledgers.cobuilding.rules import RULES, defaults, derive, is_alliance
from portal.ledgers.cobuilding.workflow import TRANSITIONS, activate, amended

GROUP = _("Co-building and dual registration")
STATUSES = {
    "draft": DRAFT,
    "pending_unit": PENDING_UNIT,
    "pending_committee": Status(
        lazy_pgettext("agreements", "Pending filing by the committee"), "wait", step=_("Filing by the committee")
    ),
    "returned": RETURNED,
    "active": Status(lazy_pgettext("agreements", "In force"), "ok"),
    "renewed": Status(lazy_pgettext("agreements", "Renewed"), "end"),
    "terminated": Status(lazy_pgettext("agreements", "Terminated"), "end"),
    "archived": ARCHIVED,
    "voided": VOIDED,
}

DERIVED = {
    "expired": Derived(
        Status(lazy_pgettext("agreements", "Expired"), "warn"),
        ("active",),
        figures.expired,
        workflow.expired,
        needs=("effective_to",),
    ),
    "expiring": Derived(
        Status(lazy_pgettext("agreements", "Expiring soon"), "warn"),
        ("active",),
        figures.expiring,
        workflow.expiring,
        needs=("effective_to",),
    ),
    "running": Derived(
        Status(lazy_pgettext("agreements", "In force and not expired"), "ok"), ("active",), figures.unexpired
    ),
    "waiting": Derived(
        Status(lazy_pgettext("agreements", "Under review"), "wait"), ("pending_unit", "pending_committee"), true
    ),
}

agreements = Ledger(
    name="agreements",
    label=_("Co-building agreements"),
    one=_("Co-building agreement"),
    group=GROUP,
    icon="file-text",
    about=_("One record for each agreement. Changed terms are an amendment, and a new term is a renewal."),
    model=Agreement,
    owner=Owner("party_a_org_id", org="party_a_org_id"),
    number=Number("GJ"),
    fields=AGREEMENT_COLUMNS,
    form=Form(
        sections=(
            Section(
                _("Parties"), ("agreement_type", "party_a_org_id", "party_b_org_id", "title", "is_office_community")
            ),
            Section(_("Term"), ("signed_on", "effective_from", "effective_to", "renew_mode")),
            Section(_("Content"), ("coop_modes", "content", "plan_activity_cnt")),
            Section(_("Contacts"), ("a_contact", "a_phone", "b_contact", "b_phone")),
            Section(
                _("Filing"), ("office_no", "copies", "filing_no", "filed_on", "previous_id", "remark", "publish_scope")
            ),
        ),
        tables=(
            ChildTable(
                "demand_items",
                _("List of needs"),
                _("Need"),
                (
                    "name",
                    "category",
                    "description",
                    "beneficiaries",
                    "wanted_by",
                    "proposer_role",
                    "status",
                    "reason",
                ),
                in_force=True,
                # The community's, or the unit's for it (`docs/domain` §2.2.1): what becomes of one, either says.
                owner=Side(shared=("status", "reason")),
                counterpart=Side(shared=None),
            ),
            ChildTable(
                "resource_items",
                _("List of resources"),
                _("Resource"),
                ("name", "category", "quantity", "open_hours", "contact", "valid_until", "status"),
                in_force=True,
                owner=Side(shared=None),
                counterpart=Side(adds=False),
            ),
            ChildTable(
                "coop_items",
                _("List of projects"),
                _("Project"),
                (
                    "name",
                    "demand_ids",
                    "resource_ids",
                    "category",
                    "lead_org_id",
                    "community_contact",
                    "due_on",
                    "status",
                    "done_on",
                    "outcome",
                    "community_confirmed",
                ),
                in_force=True,
                owner=Side(
                    shared=("demand_ids", "resource_ids", "lead_org_id", "status", "done_on", "outcome"),
                    never=("community_confirmed",),
                ),
                counterpart=Side(shared=("community_contact", "community_confirmed")),
                confirmed="community_confirmed",
            ),
            ChildTable(
                "agreement_parties",
                _("Alliance members"),
                _("Alliance member"),
                ("org_id", "role"),
                when=is_alliance,
            ),
        ),
        files=(
            Files("signed_file", _("Signed scan"), most=1, kinds=("pdf", "jpg", "jpeg", "png"), asked=True),
            Files("receipts", _("Community's receipts")),
            Files("attachments", _("Attachments")),
        ),
        read_only_tables=(
            ChildTable(
                "agreement_changes",
                _("Amendments"),
                _("Amendment"),
                ("changed_on", "change_type", "old_value", "new_value", "reason"),
            ),
        ),
        carried=("a_contact", "a_phone"),
        begins={"party_a_org_id": own_org},
        defaults=defaults,
        rules=RULES,
        derive=derive,
    ),
    list=List(
        columns=(
            "record_no",
            "title",
            "party_a_org_id",
            "party_b_org_id",
            "signed_on",
            "effective_to",
            "status",
        ),
        filters=(
            *(
                "status",
                "agreement_type",
                "owner_unit_id",
                "coop_modes",
                "party_a_org_id",
                "party_b_org_id",
                "signed_on",
                "effective_to",
            ),
            "gaps",
        ),
        bulk=("publish_internal", "publish_organs", "publish_public", "delete_selected"),
    ),
    review=Review(
        transitions=TRANSITIONS,
        statuses=STATUSES,
        effective=DERIVED,
        tier=3,
        required_in_force=("signed_on",),
        on_activate=activate,
        on_amend=amended,
    ),
    sheet=Sheet(
        export=(
            *("record_no", "office_no", "title", "agreement_type", "owner_unit_id", "party_a_org_id", "party_b_org_id"),
            *("town", "signed_on", "effective_from", "effective_to", "coop_modes", "need_count", "resource_count"),
            *("project_count", "activity_count", "status", "a_contact", "a_phone", "b_contact", "b_phone", "remark"),
        ),
        headings=(
            Section(_("Term"), ("signed_on", "effective_from", "effective_to")),
            Section(_("Needs, resources and projects"), ("need_count", "resource_count", "project_count")),
            Section(_("Contacts"), ("a_contact", "a_phone", "b_contact", "b_phone")),
        ),
        words={
            "office_no": ("协议编号", "编号", "原编号", "协议号", "文号", "协议书编号", "共建协议编号", "协议文号"),
            "party_a_org_id": (
                *("甲方党组织", "甲方单位", "甲方", "甲方名称", "机关党组织", "机关单位", "共建单位", "单位"),
                *("单位名称", "单位党组织", "签约单位", "甲方全称", "甲方单位名称", "甲方党组织名称", "机关党支部"),
                *("机关党总支", "机关名称", "所在单位", "签约党组织"),
            ),
            "party_b_org_id": (
                *("乙方社区党组织", "乙方党组织", "乙方单位", "乙方", "乙方名称", "乙方社区", "社区党组织", "共建社区"),
                *("社区", "社区名称", "结对社区", "乙方全称", "乙方单位名称", "乙方党组织名称", "乙方社区名称"),
                *("社区党委", "社区党总支", "共建社区党组织", "签约社区", "所在社区", "村社区", "社区村"),
            ),
            "signed_on": (
                *("签订日期", "签订时间", "签约日期", "签约时间", "签署日期", "协议签订日期", "签定日期", "签定时间"),
                *("协议签订时间", "协议签署日期", "签署时间", "签订年月", "签约年月"),
            ),
            "effective_to": (
                *("有效期至", "截止日期", "截止时间", "到期日期", "到期时间", "到期日", "期限至", "终止日期"),
                *("结束日期", "协议到期日", "协议截止日期", "协议截止时间", "协议到期时间", "协议终止日期"),
                *("有效期限至", "有效期止", "终止时间", "结束时间", "到期年月"),
            ),
            "terminated_on": ("提前终止日期", "提前终止时间", "实际终止日期", "解除日期", "解除时间", "协议解除日期"),
            "terminate_reason": ("终止原因", "解除原因", "提前终止原因", "协议终止原因"),
            "effective_from": (
                *("生效日期", "生效时间", "起始日期", "开始日期", "有效期自", "自", "起始时间", "开始时间", "有效期起"),
                *("协议开始日期", "协议生效日期"),
            ),
            "coop_modes": (
                *("共建方式", "共建形式", "共建类型", "合作方式", "结对方式", "共建内容形式", "共建模式", "合作形式"),
            ),
            "agreement_type": ("协议类型", "协议类别", "类型", "类别"),
            "a_contact": (
                *("甲方联络员", "甲方联系人", "单位联络员", "机关联络员", "联络员", "联系人", "甲方联系人姓名"),
                *("甲方联络员姓名", "单位联系人", "机关联系人", "甲方联络人", "甲方联络人姓名", "联络人"),
            ),
            "a_phone": (
                *("联系电话", "甲方电话", "甲方联系电话", "甲方办公电话", "办公电话", "电话", "甲方联系人电话"),
                *("甲方联络员电话", "甲方联系人联系电话", "甲方联络员联系电话", "甲方联系人联系方式", "甲方联系方式"),
                *("甲方手机", "单位电话", "单位联系电话", "单位联络员电话", "单位联系人电话", "机关联系电话"),
                *("机关联络员电话", "联络员电话", "联系人电话", "联系方式"),
            ),
            "b_contact": (
                *("乙方联络员", "乙方联系人", "社区联络员", "社区联系人", "联络员", "联系人", "乙方联系人姓名"),
                *("乙方联络员姓名", "乙方联络人", "乙方联络人姓名", "社区联络人", "联络人"),
            ),
            "b_phone": (
                *("乙方电话", "乙方联系电话", "社区电话", "联系电话", "乙方办公电话", "电话", "乙方联系人电话"),
                *("乙方联络员电话", "乙方联系人联系电话", "乙方联络员联系电话", "乙方联系人联系方式", "乙方联系方式"),
                *("乙方手机", "社区联系电话", "社区联络员电话", "社区联系人电话", "联络员电话", "联系人电话"),
                *("联系方式", "办公电话"),
            ),
            "title": ("协议名称", "名称", "协议书名称", "协议标题", "共建协议名称"),
            "content": ("共建内容", "主要内容", "内容摘要", "共建内容摘要", "协议内容", "主要共建内容", "共建事项"),
            "filing_no": ("备案号", "备案编号"),
            "filed_on": ("备案日期", "备案时间"),
            "copies": ("份数", "正本份数"),
            "status": (
                *("状态", "履行情况", "协议状态", "履约状态", "履行状态", "执行情况", "执行状态", "协议履行情况"),
                *("当前状态",),
            ),
            "remark": ("备注", "说明", "备注说明", "其他说明", "备注信息"),
        },
        ignored=("序号", "填报日期", "需求数", "资源数", "项目数", "本期活动次数"),
        date_spans={
            ("effective_from", "effective_to"): (
                "起止时间",
                "起止日期",
                "协议期限",
                "有效期",
                "期限",
                "协议起止时间",
                "有效期限",
                "协议有效期",
                "协议有效期限",
                "合作期限",
                "共建期限",
                "履行期限",
                "协议起止日期",
            )
        },
        towns={"party_b_org_id": ("所属街镇", "街镇", "所在街镇", "所属街道", "街道", "街道镇")},
        essential=("party_a_org_id", "party_b_org_id"),
        status_words={
            "active": (
                *(
                    "履行中",
                    "执行中",
                    "有效",
                    "生效",
                    "正常",
                    "在履行",
                    "已生效",
                    "已签订",
                    "已到期",
                    "正在履行",
                    "履约中",
                ),
                *("在执行", "正在执行", "在有效期内", "到期"),
            ),
            "renewed": ("已续签", "续签"),
            "terminated": ("已终止", "终止", "解除", "已解除", "提前终止", "已提前终止"),
            "archived": ("已归档", "归档"),
        },
        assumed={"agreement_type": "1"},
        identity=("party_a_org_id", "party_b_org_id", "agreement_type", "signed_on"),
    ),
    privacy=Privacy(internal=("remark", "publish_scope", "gaps")),
    figures=figures.FIGURES,
)

coop_activities = Ledger(
    name="coop_activities",
    label=_("Co-building activities"),
    one=_("Co-building activity"),
    group=GROUP,
    icon="calendar",
    about=_("One record for each activity under an agreement, on the day it was held; either party records it once."),
    model=CoopActivity,
    can=(*READING, "add", "edit", "delete"),
    under=Under("agreement", "agreements", ("active",)),
    fields={"agreement_no": Field(NumberAbove("agreement"), _("Number of the agreement"), entered=False)},
    form=Form(
        sections=(
            Section(
                _("Activity"),
                (
                    "held_on",
                    "activity_type",
                    "theme",
                    "place",
                    "unit_count",
                    "community_count",
                    "volunteer_theme",
                    "summary",
                    "receipt_no",
                    "by_counterpart",
                ),
            ),
        ),
        copied=("activity_type", "place", "volunteer_theme"),
        derive=by_whom,
    ),
    list=List(
        columns=("held_on", "activity_type", "theme", "agreement_id", "place", "unit_count", "community_count"),
        filters=("activity_type", "held_on"),
        order="-held_on",
    ),
    sheet=Sheet(
        export=(
            "agreement_no",
            "agreement_id",
            "held_on",
            "activity_type",
            "theme",
            "place",
            "unit_count",
            "community_count",
            "volunteer_theme",
            "summary",
        ),
        words={
            "agreement_no": ("协议记录编号", "协议编号", "所属协议编号"),
            "agreement_id": ("协议名称", "所属协议", "共建协议"),
            "held_on": ("活动日期", "活动时间", "日期", "时间", "开展时间", "开展日期"),
            "activity_type": ("活动类型", "类型", "活动类别", "活动形式"),
            "theme": ("活动主题", "主题", "活动名称"),
            "place": ("活动地点", "地点", "活动场所"),
            "unit_count": ("机关参加人数", "单位参加人数", "党员人数", "参加党员数", "参加党员人数", "参与党员人数"),
            "community_count": ("社区参加人数", "群众人数", "参加群众数", "参加群众人数", "参与群众人数", "居民人数"),
            "volunteer_theme": ("志愿服务主题",),
            "summary": ("活动内容", "活动概况", "内容", "活动情况", "活动小结"),
            "receipt_no": ("回执编号", "社区回执编号"),
        },
        ignored=("序号", "填报日期"),
        essential=("held_on",),
        identity=("held_on", "theme"),
    ),
)
